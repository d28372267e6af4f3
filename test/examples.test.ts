import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "./formats/temporary.ts";

const folder = await temporaryFolder();
const MODEL = "test/parity/fixtures/bert";

/** What each example says at its end. */
const SAYS: Readonly<Record<string, RegExp>> = {
  "in-memory.ts": /accuracy [\d.]+, \d errors[\s\S]+served from bytes: (law|payment)$/,
  "classify-contracts.ts": /\d+ % (governing law|termination|payment|liability): Invoices are due within sixty days\.$/,
};

/** Tested by server-example.test.ts, and in a browser. */
const TESTED_ELSEWHERE = ["server.ts", "browser"];

test.each(readdirSync("examples").filter((file) => !TESTED_ELSEWHERE.includes(file)))(
  "examples/%s runs on a tiny model",
  (file) => {
    const args = ["--import", "tsx", `examples/${file}`, MODEL, `${folder}/${file}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(SAYS[file], `what ${file} says is not in the table`).toBeDefined();
    expect(stdout.trim()).toMatch(SAYS[file]!);
    expect(readdirSync(`${folder}/${file}`)).toContain("adapter_model.safetensors");
  },
);

test("the snippets of the guide to models in memory are its example's, which is typed and runs", () => {
  const example = readFileSync("examples/in-memory.ts", "utf8");
  const guide = readFileSync("docs/guides/in-memory.md", "utf8");
  const snippets = [...guide.matchAll(/```ts\n([\s\S]*?)\n```/g)].map(([, snippet]) => snippet!);
  expect(snippets.length).toBeGreaterThan(7);
  expect(snippets.filter((snippet) => !example.includes(snippet))).toEqual([]);
});
