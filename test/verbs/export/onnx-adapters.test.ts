import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openModelFile } from "../../../src/session/node/index.ts";
import type { RuntimeTensor } from "../../../src/session/session.ts";
import { exportModel } from "../../../src/verbs/export/export.ts";
import { expectClose } from "../../models/running.ts";
import { fixture, type Keys, readJson, runHere, temporary, tensorsOf } from "../../running.ts";
import { firstBatch, saysOf } from "./stored-onnx.ts";

type How = "merged" | "optional" | "required";

/** Exports an adapter; the model's file, and what it is to be fed besides texts. */
async function exported(adapter: string, how: How, model?: string) {
  const out = `${temporary()}/onnx-model`;
  const inputs = how === "merged" ? {} : { adapterInputs: how };
  const report = await exportModel({ format: "onnx", adapter, out, ...(model && { model }), ...inputs });
  const file = readdirSync(`${out}/onnx`).find((name) => name.endsWith(".onnx"));
  return { ...report, path: `${out}/onnx/${file}`, fed: how === "required" ? await adapterOf(out) : {} };
}

/** The values of an adapter that were written beside a model. */
async function adapterOf(out: string): Promise<Record<string, RuntimeTensor>> {
  const tensors = await tensorsOf(`${out}/onnx/adapter.safetensors`);
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, { dtype: "float32", ...tensor }]));
}

describe("an adapter says what PEFT says, merged or as inputs", () => {
  const cases = [
    ["bert", "lora"],
    ["bert", "dora"],
    ["bert", "lora-bias-all"],
    ["bert", "patterns"],
    ["bert-bare", "all-linear-rslora"],
    ["distilbert-tokens", "lora"],
    ["gpt2", "lora"],
    ["causal/gpt2", "dora"],
    ["causal/llama", "all-linear-rslora"],
    ["causal/phi3", "lora"],
  ] as const;
  const ways: How[] = ["merged", "optional", "required"];
  test.each(cases.flatMap((each) => ways.map((how) => [...each, how] as const)))(
    "%s/%s, %s",
    async (name, method, how) => {
      const { path, fed, difference } = await exported(fixture(`${name}/adapters/${method}`), how, fixture(name));
      expect(difference).toBeLessThan(5e-6);
      const batch = firstBatch(name, method);
      const side = name.startsWith("causal/") ? "left" : "right";
      expectClose(await saysOf(path, batch, side, fed), batch.wanted, "logits", 2e-5);
    },
  );
});

test("Houlsby's adapters stay in the graph", async () => {
  const adapter = fixture("bert/adapters/houlsby");
  const merged = await exported(adapter, "merged", fixture("bert"));
  const apart = await exported(adapter, "required", fixture("bert"));
  expect(merged.difference).toBeLessThan(2e-6);
  const { num_hidden_layers } = readJson(fixture("bert/config.json"));
  expect(Object.keys(apart.fed).filter((name) => name.includes(".adapters."))).toHaveLength(
    2 * 4 * Number(num_hidden_layers),
  );
  const batch = firstBatch("bert");
  const [one, other] = [await saysOf(merged.path, batch, "right"), await saysOf(apart.path, batch, "right", apart.fed)];
  expectClose(other, one, "logits", 1e-6);
});

describe("adapters as inputs", () => {
  const base = fixture("causal/llama");
  const batch = firstBatch("causal/llama");
  const train = async (keys: Keys): Promise<string> => {
    const output_dir = temporary();
    const rows = { train: [{ text: "This agreement is governed by the laws of Delaware." }] };
    const all = { model_name_or_path: base, task_type: "CAUSAL_LM", learning_rate: 3e-2, lora_dropout: 0, ...keys };
    await runHere({ ...all, output_dir }, { rows });
    return output_dir;
  };

  test("are called as the parameters are; their ranks are free", async () => {
    const { path } = await exported(fixture("causal/llama/adapters/lora"), "required", base);
    const { inputs, close } = await openModelFile(path);
    await close();
    const module = "model.layers.1.self_attn.v_proj";
    expect(inputs.get(`${module}.lora_A.weight`)).toEqual({ dtype: "float32", shape: [`${module}.r`, 32] });
    expect(inputs.get(`${module}.lora_B.weight`)).toEqual({ dtype: "float32", shape: [24, `${module}.r`] });
    expect([...inputs.keys()].filter((name) => name.includes(".lora_"))).toHaveLength(2 * 2 * 2);
  });

  test("one model runs under any of them, whatever its rank and scaling", async () => {
    const one = await exported(fixture("causal/llama/adapters/lora"), "required", base);
    const other = await train({ lora_r: 5, lora_alpha: 35, use_rslora: true });
    const { path, fed } = await exported(other, "required");
    const merged = await exported(other, "merged");
    const wanted = await saysOf(merged.path, batch, "left");
    expectClose(await saysOf(path, batch, "left", fed), wanted, "logits", 5e-6);
    expectClose(await saysOf(one.path, batch, "left", fed), wanted, "logits", 5e-6);
    const apart = (await saysOf(one.path, batch, "left", one.fed)).map((x, i) => Math.abs(x - wanted[i]!));
    expect(Math.max(...apart)).toBeGreaterThan(0.1);
  });

  test.each([
    [{ load_in_4bit: true }, "bnb4"],
    [{ load_in_8bit: true }, "int8"],
  ])("a base that was packed stays packed: %j", async (packing, dtype) => {
    const adapter = await train({ method: "qlora", ...packing });
    const { path, fed, difference, out } = await exported(adapter, "required");
    expect(difference).toBeLessThan(2e-6);
    expect(path.endsWith(`/model_${dtype}.onnx`)).toBe(true);
    expect(readJson(`${out}/config.json`)["transformers.js_config"]).toEqual({ dtype });
    const merged = await exported(adapter, "merged");
    expect(merged.notes[0]).toMatch(/it is merged into those, dequantized/);
    expectClose(await saysOf(path, batch, "left", fed), await saysOf(merged.path, batch, "left"), "logits", 1e-5);
  });
});
