import { cpSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { openModelFile } from "../../../src/session/node/index.ts";
import { exportModel } from "../../../src/verbs/export/export.ts";
import { expectClose } from "../../models/running.ts";
import { copyOf, fixture, readJson, temporary } from "../../running.ts";
import { firstBatch, saysOf } from "./stored-onnx.ts";

/** Exports a fixture's model as it is. */
const exported = (name: string, more: object = {}) =>
  exportModel({ format: "onnx", model: fixture(name), out: `${temporary()}/onnx-model`, ...more });

/** Inputs of a model file that are not of its cache, sorted, and how many are. */
async function face(path: string): Promise<unknown> {
  const { inputs, close } = await openModelFile(path);
  await close();
  const isCache = (name: string): boolean => name.startsWith("past_key_values.");
  const types = new Set([...inputs].map(([name, { dtype }]) => `${isCache(name) ? "cache" : "text"} ${dtype}`));
  const names = [...inputs.keys()];
  return {
    names: names.filter((name) => !isCache(name)).sort(),
    cached: names.filter(isCache).length,
    types: [...types].sort(),
  };
}

describe("a causal model says what transformers says, its rows padded on the left as transformers.js pads", () => {
  test.each(readdirSync(fixture("causal")))("%s", async (name) => {
    const { out, difference, notes } = await exported(`causal/${name}`);
    expect(difference).toBeLessThan(2e-6);
    expect(notes).toEqual([]);
    const path = `${out}/onnx/model.onnx`;
    const batch = firstBatch(`causal/${name}`);
    expect(new Set(batch.ids.map(({ length }) => length)).size).toBeGreaterThan(1);
    expectClose(await saysOf(path, batch, "left"), batch.wanted, "log-probabilities", 2e-5);
    const { num_hidden_layers, n_layer, model_type } = readJson(`${out}/config.json`);
    expect(await face(path)).toEqual({
      names: ["attention_mask", "input_ids", "position_ids"],
      cached: 2 * Number(num_hidden_layers ?? n_layer),
      types: ["cache float32", "text int64"],
    });
    expect(model_type).toBe(name);
  });
});

describe("an encoder says what transformers says", () => {
  const plain = ["attention_mask", "input_ids"];
  const typed = [...plain, "token_type_ids"];
  test.each([
    ["bert", typed],
    ["bert-tokens", typed],
    ["masked/bert", typed],
    ["roberta", typed],
    ["masked/xlm-roberta", typed],
    ["electra", typed],
    ["electra-tokens", typed],
    ["masked/electra", typed],
    ["deberta-v2", plain],
    ["deberta-v2-unshared", typed],
    ["masked/deberta-v2-unshared", typed],
    ["distilbert", plain],
    ["distilbert-tokens", plain],
    ["masked/distilbert", plain],
    ["modernbert", plain],
    ["modernbert-mean", plain],
    ["modernbert-tokens", plain],
    ["masked/modernbert", plain],
  ])("%s", async (name, names) => {
    const { out, difference } = await exported(name);
    expect(difference).toBeLessThan(2e-6);
    const path = `${out}/onnx/model.onnx`;
    const batch = firstBatch(name);
    expectClose(await saysOf(path, batch, "right"), batch.wanted, "logits", 2e-5);
    expect(await face(path)).toEqual({ names, cached: 0, types: ["text int64"] });
  });

  test("and so does a decoder with a head for texts, of which transformers.js has none", async () => {
    const { out, notes } = await exported("llama");
    const batch = firstBatch("llama");
    expectClose(await saysOf(`${out}/onnx/model.onnx`, batch, "right"), batch.wanted, "logits", 2e-5);
    expect(notes).toEqual([
      "transformers.js has no class for SEQ_CLS on llama; run the model with ONNX Runtime directly",
    ]);
  });
});

test("longrope is written with both its factors, and with a word about a text that grows past the first length", async () => {
  const model = copyOf("causal/phi3");
  const variants = readJson(fixture("causal/phi3/variants.json")) as Record<
    string,
    { config: object; log_probs: number[][] }
  >;
  const { config, log_probs } = variants["longrope, past the first length"]!;
  writeFileSync(`${model}/config.json`, JSON.stringify({ ...readJson(`${model}/config.json`), ...config }));
  const { out, notes } = await exportModel({ format: "onnx", model, out: `${temporary()}/onnx-model` });
  expect(notes).toEqual([
    "its rotary embedding changes after 20 tokens; when a text grows past them, it must be processed again from its beginning",
  ]);
  const { ids, labels, padId } = firstBatch("causal/phi3");
  const rows = log_probs.length;
  const batch = { ids: ids.slice(0, rows), labels: labels.slice(0, rows), padId, wanted: log_probs.flat() };
  expectClose(await saysOf(`${out}/onnx/model.onnx`, batch, "left"), batch.wanted, "log-probabilities", 2e-5);
});

test("dims are called as Optimum calls them: transformers.js makes empty caches of that", async () => {
  const { out } = await exported("causal/llama");
  const { inputs, close } = await openModelFile(`${out}/onnx/model.onnx`);
  await close();
  expect(inputs.get("attention_mask")!.shape).toEqual(["batch_size", "total_sequence_length"]);
  expect(inputs.get("position_ids")!.shape).toEqual(["batch_size", "sequence_length"]);
  expect(inputs.get("past_key_values.1.value")!.shape).toEqual(["batch_size", 2, "past_sequence_length", 12]);
});

describe("the folder", () => {
  test("of a language model is what transformers.js looks for", async () => {
    const { out } = await exported("causal/llama");
    expect(readdirSync(out).sort()).toEqual([
      "config.json",
      "generation_config.json",
      "onnx",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(readdirSync(`${out}/onnx`)).toEqual(["model.onnx"]);
    expect(readJson(`${out}/config.json`)).toMatchObject({
      architectures: ["LlamaForCausalLM"],
      "transformers.js_config": { dtype: "fp32" },
    });
    expect(readJson(`${out}/generation_config.json`)).toEqual({ bos_token_id: 1, eos_token_id: [2], pad_token_id: 3 });
  });

  test("of a classifier names its classes and generates nothing", async () => {
    const { out } = await exported("bert", { adapter: fixture("bert/adapters/lora") });
    expect(readdirSync(out).sort()).toEqual(["config.json", "onnx", "tokenizer.json", "tokenizer_config.json"]);
    const { id2label, architectures } = readJson(`${out}/config.json`);
    expect(architectures).toEqual(["BertForSequenceClassification"]);
    expect(Object.values(id2label as object)).toHaveLength(5);
  });

  test("of half floats has a file of another name, half as long", async () => {
    const [whole, half] = [await exported("causal/llama"), await exported("causal/llama", { dtype: "F16" })];
    const config = readJson(`${half.out}/config.json`);
    expect(config["transformers.js_config"]).toEqual({ dtype: "fp16" });
    expect(readdirSync(`${half.out}/onnx`)).toEqual(["model_fp16.onnx"]);
    const bytes = ({ out }: typeof half, name: string): number => statSync(`${out}/onnx/${name}`).size;
    expect(bytes(half, "model_fp16.onnx") / bytes(whole, "model.onnx")).toBeLessThan(0.7); // the graph stays as long
    expect(half.difference).toBeGreaterThan(1e-5);
    expect(half.difference).toBeLessThan(1e-2);
    const batch = firstBatch("causal/llama");
    const [exact, rounded] = [
      await saysOf(`${whole.out}/onnx/model.onnx`, batch, "left"),
      await saysOf(`${half.out}/onnx/model_fp16.onnx`, batch, "left"),
    ];
    expectClose(rounded, exact, "log-probabilities", 1e-2);
  });

  test("is not written over another model", async () => {
    const { out } = await exported("distilbert");
    const before = readdirSync(out).length;
    await expect(exported("distilbert", { out })).rejects.toThrow(/onnx already contains model.onnx/);
    expect(readdirSync(out)).toHaveLength(before);
  });
});

/** A classifier by its configuration, of whose head no file holds the weights. */
function headless(): string {
  const folder = `${temporary()}/headless`;
  cpSync(fixture("bert-bare"), folder, { recursive: true });
  cpSync(`${fixture("bert")}/config.json`, `${folder}/config.json`);
  return folder;
}

describe("refused", () => {
  const model = fixture("bert");
  const nowhere = { format: "onnx", model, out: "nowhere" } as const;
  test.each([
    ["a type that runtimes do not read", { ...nowhere, dtype: "BF16" }, /does not support BF16.*expected: F32, F16/s],
    ["inputs without an adapter", { ...nowhere, adapterInputs: "required" }, /adapter inputs need an adapter/],
    ["inputs of another format", { ...nowhere, format: "gguf", adapterInputs: "optional" }, /gguf has no inputs/],
    ["a model without a trained head", { ...nowhere, model: headless() }, /no trained classification head/],
  ] as const)("%s", async (_, options, message) => {
    await expect(exportModel(options)).rejects.toThrow(message);
    expect(readdirSync(".")).not.toContain("nowhere");
  });
});

describe("what was written is asked before it is called done", () => {
  test("weights that are not the model's are an error", async () => {
    vi.resetModules();
    vi.doMock("../../../src/verbs/export/onnx-weights.ts", async (original) => {
      const { weightReader } = await original<typeof import("../../../src/verbs/export/onnx-weights.ts")>();
      return {
        async weightReader(...args: Parameters<typeof weightReader>) {
          const reader = await weightReader(...args);
          const isNorm = (name: string): boolean => name.endsWith("input_layernorm.weight");
          const bytes = async (name: string) =>
            isNorm(name) ? (await reader.bytes(name)).fill(0) : reader.bytes(name);
          return { ...reader, bytes };
        },
      };
    });
    const { exportModel } = await import("../../../src/verbs/export/export.ts");
    const options = { format: "onnx", model: fixture("causal/llama"), out: `${temporary()}/onnx-model` } as const;
    await expect(exportModel(options)).rejects.toThrow(/the exported model's logits differ from the original's by/);
    vi.doUnmock("../../../src/verbs/export/onnx-weights.ts");
  });

  test("a cache that forgets is an error", async () => {
    vi.resetModules();
    vi.doMock("../../../src/verbs/cache.ts", async (original) => {
      const { grownCache, ...rest } = await original<typeof import("../../../src/verbs/cache.ts")>();
      return {
        ...rest,
        grownCache(...[past, news, present]: Parameters<typeof grownCache>) {
          const zeros = Object.entries(present).map(([name, x]) => [
            name,
            { ...x, data: x.data.map(() => 0 as never) },
          ]);
          return grownCache(past, news, Object.fromEntries(zeros));
        },
      };
    });
    const { exportModel } = await import("../../../src/verbs/export/export.ts");
    const options = { format: "onnx", model: fixture("causal/llama"), out: `${temporary()}/onnx-model` } as const;
    await expect(exportModel(options)).rejects.toThrow(/logits differ from the original/);
    vi.doUnmock("../../../src/verbs/cache.ts");
  });
});
