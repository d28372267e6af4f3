import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isBaseLayer } from "../../src/formats/peft/embeddings.ts";
import { readFloat32 } from "../../src/formats/safetensors/float32.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { expectSame, jobOf, type Method, readJson, train } from "./six-steps.ts";

/** A base → how PEFT trains an adapter of its output layer and of `q_proj`; sum and sum of squares of each tensor it ends with. */
type Trained = Method & { readonly final: Readonly<Record<string, readonly [sum: number, squares: number]>> };

const cases = Object.entries(readJson<Record<string, Trained>>("output-layer/six-steps.json"));
const out = mkdtempSync(join(tmpdir(), "lowrank-output-layer-"));
afterAll(() => rmSync(out, { recursive: true }));

describe("six steps of an adapter of the output layer as PEFT takes them", () => {
  test.each(cases)("%s", async (base, method) => {
    const output_dir = `${out}/${base}`;
    const adapter = `../../output-layer/${method.adapter}`;
    const job = jobOf(base, "lora", { ...method, adapter }, { task_type: "CAUSAL_LM", output_dir });
    expectSame(await train({ ...job, write: true }), "lora", method);
    const { tensors } = await readSafetensors(`${output_dir}/adapter_model.safetensors`);
    const wanted = Object.entries(method.final).map(([name, sums]) => [name.replace(".default.", "."), sums] as const);
    const trained = [...tensors.keys()].filter((key) => !isBaseLayer(key));
    expect(trained.sort()).toEqual(wanted.map(([name]) => name).sort());
    for (const [name, [sum, squares]] of wanted) {
      const data = await readFloat32(tensors.get(name)!);
      const total = (f: (x: number) => number): number => data.reduce((all, x) => all + f(x), 0);
      expect(Math.abs(total((x) => x) - sum), `sum of ${name}`).toBeLessThan(1e-4);
      expect(Math.abs(total((x) => x * x) - squares), `squares of ${name}`).toBeLessThan(1e-4);
    }
  });
});
