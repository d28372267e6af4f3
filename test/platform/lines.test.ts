import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileError } from "../../src/errors.ts";
import { readLines } from "../../src/platform/node/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lines-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function linesOf(name: string, content: string | Uint8Array): Promise<string[]> {
  await writeFile(join(folder, name), content);
  const lines: string[] = [];
  for await (const { line, text } of readLines(join(folder, name))) {
    expect(line).toBe(lines.push(text));
  }
  return lines;
}

test("lines end at newlines only, with or without a carriage return or a last newline", async () => {
  expect(await linesOf("a", "\ufeffone\r\n\ntwo\u2028still two\rand on\nthree")).toEqual([
    "one", "", "two\u2028still two\rand on", "three",
  ]); // biome-ignore format: one list
  expect(await linesOf("a", "one\n")).toEqual(["one"]);
  expect(await linesOf("a", "")).toEqual([]);
});

test("any text without NUL, which tells UTF-16, comes back, plain and gzipped, across chunks", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "binary" }).map((s) => s.replace(/[\r\n\ufeff\0]/g, ""))),
      async (lines) => {
        const wide = [...lines, "é".repeat(70_000), "x"];
        const content = wide.join("\n");
        expect(await linesOf("p", content)).toEqual(wide);
        expect(await linesOf("p.gz", gzipSync(content))).toEqual(wide);
      },
    ),
    { numRuns: 20 },
  ));

test("a reader may stop early", async () => {
  await writeFile(join(folder, "long.gz"), gzipSync("line\n".repeat(100_000)));
  for await (const { text } of readLines(join(folder, "long.gz"))) {
    expect(text).toBe("line");
    break;
  }
});

test("refusals name the file, and the line where there is one", async () => {
  await expect(linesOf("bad", Buffer.from([97, 10, 98, 10, 0xff, 10]))).rejects.toThrow(
    /not UTF-8 text\n {2}at: .*bad:3\n {2}hint: byte 0xFF would be "ÿ"/,
  );
  const cut = gzipSync("text\n".repeat(1000)).subarray(0, -12);
  await expect(linesOf("cut.gz", cut)).rejects.toThrow(/cut\.gz: the gzip data is damaged or truncated/);
  await expect(linesOf("not.gz", "plain")).rejects.toThrow(/damaged or truncated/);
  const missing = readLines(join(folder, "cut.g")).next();
  await expect(missing).rejects.toThrow(FileError);
  await expect(missing).rejects.toThrow(`did you mean ${folder}/cut.gz?`);
  await expect(readLines(join(folder, "nothing.gz")).next()).rejects.toThrow(/nothing\.gz: no such file/);
});
