import { describe, expect, test } from "vitest";
import { readAdapter } from "../../src/formats/safetensors/adapter.ts";
import { matMul } from "../../src/linalg/matmul.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { expectResumedAlike, fixture, readJson as jsonOf, recipeOf, runHere, temporary } from "../running.ts";
import { expectSame, jobOf, type Method, readJson, train } from "./six-steps.ts";

/** A start that changes the base, and PEFT's keys of the run. */
type Started = Method & { readonly keys: Readonly<Record<string, unknown>> };

const cases = Object.entries(readJson<{ cases: Record<string, Started> }>("lora-starts/expected.json").cases).map(
  ([name, method]) => [name.replace(/\/[^/]+$/, ""), name, method] as const,
);

const keysOf = (base: string, { keys: { target_modules, ...keys } }: Started) => ({
  ...{ task_type: base.startsWith("causal/") ? "CAUSAL_LM" : "SEQ_CLS", method: "lora" },
  ...{ lora_r: 4, lora_alpha: 8, lora_dropout: 0, lora_target_modules: target_modules, ...keys },
});

const largest = (numbers: Float64Array): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** B·A of a module: the signs of singular vectors are free in each. */
async function updateOf(adapter: Awaited<ReturnType<typeof readAdapter>>, b: string): Promise<Float64Array> {
  const read = async (key: string) => Float64Array.from(await adapter.readFloat32(key));
  const r = adapter.tensors.get(b)?.shape[1] as number;
  return matMul(await read(b), await read(b.replace("lora_B", "lora_A")), r);
}

describe("starts of LoRA that change the base", () => {
  test.each(cases)("%s: six steps, and the adapter for the base as it was, are PEFT's", async (base, name, method) => {
    const output_dir = temporary();
    const job = jobOf(base, "lora", method, { ...keysOf(base, method), output_dir });
    expectSame(await train({ ...job, write: true }), "lora", method);

    const [ours, theirs] = [await readAdapter(output_dir), await readAdapter(fixture(`lora-starts/${name}`))];
    const adapted = [...ours.tensors.keys()].filter((key) => /\.lora_/.test(key)); // PEFT leaves the head out
    expect(adapted.sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const key of adapted) expect(ours.tensors.get(key)?.shape, key).toEqual(theirs.tensors.get(key)?.shape);
    for (const b of adapted.filter((key) => key.includes("lora_B"))) {
      const [found, wanted] = [await updateOf(ours, b), await updateOf(theirs, b)];
      expect(largest(found), b).toBeGreaterThan(8e-3);
      expect(largest(found.map((x, i) => x - wanted[i]!)), b).toBeLessThan(2e-4);
    }
    expect(theirs.config).toMatchObject({
      ...{ ...ours.config, base_model_name_or_path: `test/parity/fixtures/${base}` },
      target_modules: [...(ours.config.target_modules as string[])].sort(),
    });
  });

  test.each(cases)("%s: stopped, resumed and merged into the base as it was", async (base, _, method) => {
    const { once } = await expectResumedAlike({ model_name_or_path: fixture(base), ...keysOf(base, method) });
    expect(jsonOf(`${once}/adapter_config.json`)).toMatchObject({ r: 8, init_lora_weights: true });
    for (const format of ["safetensors", "onnx"] as const) {
      const { difference } = await exportModel({ format, adapter: once, out: `${temporary()}/out` });
      expect(difference, format).toBeLessThan(1e-4);
    }
  });

  test.each([
    [{ load_in_4bit: true }, "a base that is quantized or in half precision"],
    [{ dtype: "bfloat16" }, "a base that is quantized or in half precision"],
    [{ use_dora: true }, "use_dora"],
    [{ lora_target_modules: ["word_embeddings"] }, "the embedding bert.embeddings.word_embeddings"],
    [{ use_rslora: true, alpha_pattern: { query: 2 } }, "use_rslora with rank_pattern or alpha_pattern"],
  ])("%j is refused", async (keys, other) => {
    const run = runHere({ method: "lora", lora_target_modules: ["query"], init_lora_weights: "olora", ...keys });
    await expect(run).rejects.toThrow(`init_lora_weights: olora does not go with ${other}`);
  });

  test("the quick start of PiSSA nears the exact one, and depends on the seed alone", async () => {
    const keys = { method: "lora", lora_target_modules: ["query"], max_steps: 2 };
    const lossesOf = async (init_lora_weights: string, seed = 1) =>
      (await runHere({ ...keys, init_lora_weights, seed, shuffle_dataset: false })).losses;
    const [exact, quick, rough] = [
      await lossesOf("pissa"),
      await lossesOf("pissa_niter_99"),
      await lossesOf("pissa_niter_0"),
    ];
    expect(quick[1]).toBeCloseTo(exact[1]!, 4);
    expect(Math.abs(rough[1]! - exact[1]!)).toBeGreaterThan(1e-3);
    expect(await lossesOf("pissa_niter_0")).toEqual(rough);
    expect((await lossesOf("pissa_niter_0", 2))[1]).not.toBe(rough[1]);
  });

  test("an odd rank has no orthogonal start, and a rank beyond the weight's neither QR nor SVD", async () => {
    const keys = { method: "lora", lora_target_modules: ["query"] };
    const odd = runHere({ ...keys, init_lora_weights: "orthogonal", lora_r: 3 });
    await expect(odd).rejects.toThrow(/orthogonal does not fit the rank[\s\S]*expected: an even rank, .*query has 3/);
    for (const start of ["olora", "pissa", "pissa_niter_4"]) {
      const large = runHere({ ...keys, init_lora_weights: start, lora_r: 4096 });
      await expect(large).rejects.toThrow(new RegExp(`${start} does not fit the rank[\\s\\S]*not 4096`));
    }
  });

  test("an adapter to start from has no start of its own", async () => {
    const keys = { adapter_name_or_path: fixture("bert/adapters/lora"), init_lora_weights: "olora" };
    await expect(runHere({ method: "lora", ...keys })).rejects.toThrow(
      'init_lora_weights: "olora" in the recipe, true in the adapter',
    );
    expect(recipeOf(keys)).toMatchObject({ init_lora_weights: "olora" });
  });
});
