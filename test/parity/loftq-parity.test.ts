import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exportGguf } from "../../src/formats/gguf/model/write-gguf.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { copyOf, expectResumedAlike, fixture, readJson as jsonOf, runHere, temporary } from "../running.ts";
import { expectSame, jobOf, type Method, readJson, train } from "./six-steps.ts";

/** PEFT's keys of the run. */
type Started = Method & { readonly keys: Readonly<Record<string, unknown>> };

const cases = Object.entries(readJson<{ cases: Record<string, Started> }>("lora-starts/loftq.json").cases).map(
  ([name, method]) => [name.replace(/\/[^/]+$/, ""), name.replace(/.*\/loftq/, "qlora"), method] as const,
);

const LOFTQ = { method: "qlora", lora_target_modules: ["query"], init_lora_weights: "loftq" };

describe("LoftQ", () => {
  test.each(cases)("%s, %s: six steps are PEFT's", async (base, name, method) => {
    const task_type = base.startsWith("causal/") ? "CAUSAL_LM" : "SEQ_CLS";
    const { target_modules, lora_alpha } = method.keys;
    const lora = { lora_r: 4, lora_alpha, lora_dropout: 0, lora_target_modules: target_modules };
    expectSame(
      await train(jobOf(base, name, method, { task_type, ...lora, init_lora_weights: "loftq" })),
      name,
      method,
    );
  });

  test("stopped, resumed and exported: the adapter is a plain one for the base", async () => {
    const { once } = await expectResumedAlike({ ...LOFTQ, lora_r: 4 });
    expect(jsonOf(`${once}/adapter_config.json`)).toMatchObject({ r: 4, init_lora_weights: true });
    const { difference } = await exportModel({ format: "safetensors", adapter: once, out: `${temporary()}/out` });
    expect(difference).toBeLessThan(1e-4);
  });

  test.each([
    [{ method: "lora" }, /loftq needs a base that is quantized[\s\S]*hint: set load_in_4bit: true/],
    [{ use_dora: true }, /loftq does not go with use_dora/],
    [{ lora_r: 4096 }, /loftq does not fit the rank/],
    [{ lora_B_bias: true }, /lora_B_bias does not go with init_lora_weights: loftq/],
    [{ adapter_name_or_path: fixture("bert/adapters/lora") }, /init_lora_weights: "loftq" in the recipe, true in the/],
  ])("%j is refused", async (keys, message) => {
    await expect(runHere({ ...LOFTQ, ...keys })).rejects.toThrow(message);
  });

  describe("a base that was quantized before is refused", () => {
    const refusal = /loftq needs the weights in full precision[\s\S]*hint: name the model that was quantized/;

    test.each(["nf4", "gguf"])("in a GGUF file, as %s", async (bnb_4bit_quant_type) => {
      const model_name_or_path = `${temporary()}/llama.gguf`;
      await exportGguf({ base: await readCheckpoint(fixture("causal/llama")), out: model_name_or_path, type: "Q8_0" });
      const keys = { ...LOFTQ, task_type: "CAUSAL_LM", lora_target_modules: ["q_proj"], model_name_or_path };
      await expect(runHere({ ...keys, bnb_4bit_quant_type })).rejects.toThrow(refusal);
    });

    test("by bitsandbytes", async () => {
      const model_name_or_path = copyOf("bert");
      const config = { ...jsonOf(`${model_name_or_path}/config.json`), quantization_config: { load_in_4bit: true } };
      writeFileSync(`${model_name_or_path}/config.json`, JSON.stringify(config));
      await expect(runHere({ ...LOFTQ, model_name_or_path })).rejects.toThrow(refusal);
    });
  });
});
