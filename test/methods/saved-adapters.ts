import { beforeAll, describe, expect, test } from "vitest";
import { readAdapter } from "../../src/formats/safetensors/adapter.ts";
import { pythonOf } from "../parity/python.ts";
import { fixture, temporary } from "../running.ts";

/** An adapter of PEFT's, `test/parity/fixtures/<base>/adapters/<name>`, and how it is written again. */
export interface SavedCase {
  readonly base: string;
  readonly name: string;
  save(to: string): Promise<void>;
}

/** Tests that PEFT loads what was written again, with the numbers of its own. */
export function peftLoadsOurs(saved: readonly SavedCase[]): void {
  const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
  describe.skipIf(python.missing !== undefined)(`PEFT loads ours${python.missing ? `: ${python.missing}` : ""}`, () => {
    let reports: unknown[] = [];
    beforeAll(async () => {
      const cases = saved.map(async ({ base, name, save }) => {
        const ours = temporary();
        await save(ours);
        return { base: fixture(base), ours, theirs: fixture(`${base}/adapters/${name}`) };
      });
      reports = python.run("load_with_peft.py", await Promise.all(cases)) as unknown[];
    }, 300_000);

    test.each(saved.map(({ base, name }, i) => [base, name, i] as const))("%s/%s", (_base, _name, i) => {
      expect(reports[i]).toEqual({ missing: [], unexpected: [], same: true });
    });
  });
}

/** Expects that an adapter, written again, has PEFT's keys, numbers and configuration. */
export async function expectSavedAsPeft({ base, name, save }: SavedCase): Promise<void> {
  const to = temporary();
  await save(to);
  const [ours, theirs] = [await readAdapter(to), await readAdapter(fixture(`${base}/adapters/${name}`))];
  expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
  for (const [key, { shape }] of ours.tensors) {
    expect(shape, key).toEqual(theirs.tensors.get(key)?.shape);
    expect(await ours.readFloat32(key), key).toEqual(await theirs.readFloat32(key));
  }
  const sorted = (config: object) =>
    Object.entries(config).map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value]);
  expect(Object.fromEntries(sorted(theirs.config))).toMatchObject(
    Object.fromEntries(sorted({ ...ours.config, base_model_name_or_path: `test/parity/fixtures/${base}` })),
  );
}
