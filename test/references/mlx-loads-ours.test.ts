import { beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { mergeAdapter } from "../../src/merging/merge-adapter.ts";
import { peftToMlx } from "../../src/verbs/export/convert-adapter.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_MLX", "lowrank-mlx");
const folder = await temporaryFolder();

/** Base, adapter, and how many weights it updates. */
const CASES = [
  ["llama", "all", 14],
  ["llama", "patterns", 4],
  ["llama", "dora", 4],
  ["gpt2", "lora", 8],
] as const;

async function convert(base: string, method: string) {
  const adapterFolder = fixture(`merge/${base}/adapters/${method}`);
  const checkpoint = await readCheckpoint(fixture(`merge/${base}`));
  const [adapter, merged] = [`${folder}/${base}-${method}`, `${folder}/${base}-${method}-merged`];
  await peftToMlx({ adapter: adapterFolder, baseConfig: checkpoint.config, out: adapter });
  await mergeAdapter({ base: checkpoint, adapterFolder, out: merged });
  return { base: checkpoint.folder, adapter, merged };
}

describe.skipIf(python.missing !== undefined)(`mlx-lm loads ours${python.missing ? `: ${python.missing}` : ""}`, () => {
  let reports: { readonly adapted: number; readonly difference: number }[] = [];
  beforeAll(async () => {
    const cases = await Promise.all(CASES.map(([base, method]) => convert(base, method)));
    reports = python.run("load_with_mlx.py", cases) as typeof reports;
  }, 300_000);

  test.each(CASES.map((item, i) => [...item, i] as const))("%s/%s", (_base, _method, adapted, i) => {
    expect(reports[i]?.adapted).toBe(adapted);
    expect(reports[i]?.difference).toBeLessThan(2e-6);
  });
});
