import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DemoEvent } from "../../src/node/demo.ts";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "lowrank-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The demonstration on a tiny encoder instead of its own, a few steps of each method, as it ships. */
const SCRIPT = `
  import { demo } from ${JSON.stringify(join(ROOT, "dist/cli/library/index.js"))};
  const model_name_or_path = ${JSON.stringify(join(ROOT, "test/parity/fixtures/masked/bert"))};
  const few = { max_steps: 2, max_eval_samples: 32, max_length: 64 };
  const overrides = { model_name_or_path, output_dir: "out", ...few };
  for await (const event of demo({ quick: true, overrides })) console.log(JSON.stringify(event));
`;

describe("demo", () => {
  let events: DemoEvent[] = [];
  beforeAll(async () => {
    const args = ["--input-type=module", "--eval", SCRIPT];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 1e8 });
    events = stdout.trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  }, 600_000);

  test("compares the methods, then measures what each forgot", () => {
    const methods = ["full", "lora", "qlora"];
    expect(events.flatMap((event) => (event.kind === "row" ? [event.row.method] : []))).toEqual(methods);
    const done = events.at(-1)!;
    if (done.kind !== "done") throw new Error(`ended with ${done.kind}`);
    expect(done.rows.map(({ row }) => row.method)).toEqual(methods);
    expect(done.baseLoss).toBeGreaterThan(1);
    const [full, lora, qlora] = done.rows;
    for (const { forgetting } of done.rows) expect(Math.abs(forgetting)).toBeGreaterThan(0);
    expect(full).not.toHaveProperty("off");
    expect(lora!.off).toBe(0);
    expect(Math.abs(qlora!.off!)).toBeGreaterThan(0);
    for (const file of done.files) expect(existsSync(join(folder, file)), file).toBe(true);
  });

  test("ends with what its adapter says of provisions of the test split", () => {
    const done = events.at(-1)!;
    if (done.kind !== "done") throw new Error(`ended with ${done.kind}`);
    expect(done.adapter).toBe("out/lora");
    expect(readFileSync(join(folder, done.adapter, "recipe.yaml"), "utf8")).toContain("method: lora\n");
    expect(new Set(done.predictions.map(({ label }) => label)).size).toBe(3);
    for (const { prediction, where } of done.predictions) {
      expect(prediction).toMatchObject({ label: expect.any(String), score: expect.any(Number) });
      expect(where).toMatch(/\.txt:\d+ § /);
    }
  });
});
