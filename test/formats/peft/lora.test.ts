import { readdirSync, readFileSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { AdapterError } from "../../../src/errors.ts";
import { type LoraAdapter, readLora } from "../../../src/formats/peft/read-lora.ts";
import { saveLora } from "../../../src/formats/peft/save-lora.ts";
import { readAdapter } from "../../../src/formats/safetensors/adapter.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import type { LoraConfig } from "../../../src/peft/lora.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();
const BASES = [
  ...["bert", "bert-tokens", "deberta-v2", "roberta", "distilbert", "electra", "modernbert", "modernbert-mean"],
  ...["gpt2", "llama", "causal/gpt2", "causal/gpt_neox", "causal/phi3", "causal/qwen3"],
];
function configOf(folder: string) {
  return JSON.parse(readFileSync(`${folder}/adapter_config.json`, "utf8"));
}

/** Without those whose tensors name their modules. */
const ADAPTERS = BASES.flatMap((base) =>
  readdirSync(fixture(`${base}/adapters`))
    .filter((method) => {
      const { peft_type, exclude_modules } = configOf(fixture(`${base}/adapters/${method}`));
      return peft_type === "LORA" && !exclude_modules;
    })
    .map((method) => [base, method] as const),
);

const paramsOf = async (base: string): Promise<string[]> => [...(await readCheckpoint(fixture(base))).tensors.keys()];

/** `all-linear` lists a head of two layers too, though PEFT trains it whole. */
const used = (targets: string[]): string[] => targets.filter((path) => !path.startsWith("classifier."));

async function save(name: string, base: string, { config, ...adapter }: LoraAdapter, change: Partial<LoraConfig> = {}) {
  const to = `${folder}/${name}`;
  await saveLora(to, {
    ...{ tensors: adapter.tensors, config: { ...config, ...change }, params: await paramsOf(base) },
    ...{ baseModel: adapter.baseModel ?? "", taskType: adapter.taskType ?? "SEQ_CLS", fanInFanOut: /gpt2/.test(base) },
  });
  return to;
}

describe("PEFT's adapters", () => {
  test.each(ADAPTERS)("%s/%s: written again, every key and byte is PEFT's", async (base, method) => {
    const from = fixture(`${base}/adapters/${method}`);
    const to = await save(`${base}-${method}`, base, await readLora(from));
    const [ours, theirs] = [await readAdapter(to), await readAdapter(from)];

    const repeated = /\.(modules_to_save|original_module)\./;
    expect([...ours.tensors.keys()]).toEqual([...theirs.tensors.keys()].filter((key) => !repeated.test(key)));
    for (const [key, { shape }] of ours.tensors) {
      expect(shape, key).toEqual(theirs.tensors.get(key)?.shape);
      expect(await ours.readFloat32(key), key).toEqual(await theirs.readFloat32(key));
    }
    const { target_modules, ...config } = theirs.config;
    expect({ ...config, target_modules: used(target_modules as string[]) }).toMatchObject(ours.config);
  });

  test("a configuration is read with PEFT's words in camelCase", async () => {
    const { config, taskType, baseModel } = await readLora(fixture("bert/adapters/patterns"));
    expect({ taskType, baseModel }).toEqual({ taskType: "SEQ_CLS", baseModel: "test/parity/fixtures/bert" });
    expect(config).toEqual({
      ...{ r: 4, loraAlpha: 8, loraDropout: 0, bias: "none", useRslora: false, useDora: false, initLoraWeights: true },
      loraBias: false,
      targetModules: ["intermediate.dense", "query", "value"],
      layersToTransform: [0, 2],
      rankPattern: { "layer\\.2\\.intermediate\\.dense": 6, query: 2 },
      alphaPattern: { "^bert\\.encoder\\.layer\\.0\\.attention\\.self\\.query": 12, value: 3 },
      modulesToSave: ["classifier", "score"],
    });
  });

  test("names are the model's own, without wrappers and repetitions", async () => {
    const names = [...(await readLora(fixture("bert/adapters/lora-bias-all"))).tensors.keys()];
    expect(names.filter((name) => name.includes("classifier"))).toEqual(["classifier.bias", "classifier.weight"]);
    expect(names).toContain("bert.encoder.layer.0.attention.self.query.bias");
    expect(names.filter((name) => name.includes("base_layer"))).toEqual([]);
  });
});

describe("saveLora", () => {
  test("writes the least that PEFT needs, as PEFT writes it", async () => {
    const to = await save("least", "bert", await readLora(fixture("bert/adapters/lora")));
    expect(readFileSync(`${to}/adapter_config.json`, "utf8")).toMatchInlineSnapshot(`
      "{
        "base_model_name_or_path": "test/parity/fixtures/bert",
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "layers_pattern": null,
        "layers_to_transform": null,
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "modules_to_save": [
          "classifier",
          "score"
        ],
        "peft_type": "LORA",
        "r": 4,
        "revision": null,
        "target_modules": [
          "query",
          "value"
        ],
        "task_type": "SEQ_CLS"
      }"
    `);
  });

  test("adds the newer keys only where they say something", async () => {
    const to = await save("newer", "bert", await readLora(fixture("bert/adapters/dora")), { useRslora: true });
    expect(configOf(to)).toMatchObject({ use_dora: true, use_rslora: true });
    expect(configOf(to)).not.toHaveProperty("rank_pattern");
  });

  test("all-linear becomes the shortest list that selects the same modules", async () => {
    const adapter = await readLora(fixture("bert/adapters/all-linear-rslora"));
    const to = await save("all-linear", "bert", adapter, { targetModules: "all-linear" });
    expect(configOf(to).target_modules).toEqual(["dense", "key", "query", "value"]);
  });

  test("patterns keep their order, which decides in PEFT", async () => {
    const rankPattern = { value: 3, query: 2 };
    const to = await save("order", "bert", await readLora(fixture("bert/adapters/lora")), { rankPattern });
    expect(Object.keys(configOf(to).rank_pattern)).toEqual(["value", "query"]);
  });

  test("names other modules that train beside PEFT's heads, which cover pre_classifier", async () => {
    const adapter = await readLora(fixture("distilbert/adapters/lora"));
    const change = { modulesToSave: ["pre_classifier", "classifier", "embeddings.LayerNorm"] };
    expect(configOf(await save("extra", "distilbert", adapter, change)).modules_to_save).toEqual([
      "embeddings.LayerNorm",
      "classifier",
      "score",
    ]);
  });
});

/** An adapter of query and value in all three layers, its configuration changed. */
async function changed(change: Record<string, unknown>): Promise<string> {
  const to = `${folder}/changed`;
  await cp(fixture("bert/adapters/lora"), to, { recursive: true });
  await writeFile(`${to}/adapter_config.json`, JSON.stringify({ ...configOf(to), ...change }));
  return to;
}

describe("the tensors name the modules where the configuration selects them", () => {
  const modules = [0, 1, 2].flatMap((layer) =>
    ["query", "value"].map((name) => `bert.encoder.layer.${layer}.attention.self.${name}`),
  );
  test.each<[string, Record<string, unknown>, string | string[]]>([
    ["with exclusions", { target_modules: ["query", "key", "value"], exclude_modules: ["key"] }, modules],
    ["with an expression that excludes", { target_modules: "all-linear", exclude_modules: ".*(key|dense)" }, modules],
    ["by a pattern of layers", { layers_pattern: "layer", layers_to_transform: [0, 1, 2] }, modules],
    ["by a pattern of layers that says nothing", { layers_pattern: [], exclude_modules: null }, ["query", "value"]],
    ["in any case", { target_modules: "(?i).*\\.(QUERY|VALUE)" }, "(?i).*\\.(QUERY|VALUE)"],
    ["with names and an end", { target_modules: "(?P<all>.*)\\.(query|value)\\Z" }, "(?P<all>.*)\\.(query|value)\\Z"],
    ["by what is no expression here", { target_modules: "(?>.*)query|(?#comment).*" }, modules],
    ["by an expression that takes other modules", { target_modules: ".*dense" }, modules],
    [
      "with null for what is off",
      { use_rslora: null, use_dora: null, bias: null, lora_dropout: null },
      ["query", "value"],
    ],
  ])("%s", async (_, change, targets) => {
    const { config } = await readLora(await changed(change));
    expect(config.targetModules).toEqual(targets);
    expect(config).toMatchObject({ useRslora: false, useDora: false, bias: "none", loraDropout: 0 });
    expect(config).not.toHaveProperty("layersToTransform");
  });
});

describe("readLora refuses", () => {
  test.each([
    ["another method", { peft_type: "IA3" }, /of type "IA3"\n {2}at: .*peft_type\n {2}expected: LORA/],
    ["a wrong type", { r: "8" }, /cannot be used: r: Invalid input/],
    ["repeated layers", { layer_replication: [[0, 2]] }, /sets layer_replication to \[\[0,2\]\]/],
    [
      "ids of tokens that are none",
      { trainable_token_indices: [-1] },
      /trainable_token_indices\.0: Too small: expected number to be >=0/,
    ],
    ["a rank of a billion", { r: 1e9 }, /cannot be used: r: Too big: expected number to be <=16384/],
    ["a rank of a billion in a pattern", { rank_pattern: { query: 1e9 } }, /rank_pattern.query: Too big/],
    ["an alpha past all proportion", { lora_alpha: 1e300 }, /lora_alpha: Too big: expected number to be <=1000000/],
    ["a dropout of 1", { lora_dropout: 1 }, /lora_dropout: Too big/],
    [
      "a pattern that backtracks without end",
      { rank_pattern: { "(.+)+(.+)+\\d": 2 } },
      /the adapter's patterns take too long to match\n {2}at: .*adapter_config.json/,
    ],
    ["a key of the future", { use_magic: 1 }, /sets use_magic to 1.*\n.*\n.*\n {2}hint: if use_magic has no effect/],
    [
      "a changed base",
      { init_lora_weights: "pissa_niter_4" },
      /init_lora_weights pissa_niter_4, which changes the base/,
    ],
  ])("%s", async (_, change, message) => {
    await expect(readLora(await changed(change))).rejects.toThrow(message);
  });

  test("what is no finite number, by the tensor's name", async () => {
    const { tensors, config } = await readLora(fixture("bert/adapters/lora"));
    const broken = [...tensors].map(([name, { shape, data }]) => {
      const odd = name.endsWith("1.attention.self.query.lora_B.weight");
      return [name, { shape, data: odd ? data.with(3, Number.POSITIVE_INFINITY) : data }] as const;
    });
    const to = `${folder}/infinite`;
    await saveLora(to, { tensors: new Map(broken), config, params: [], baseModel: "b", taskType: "SEQ_CLS" });
    const refused = readLora(to);
    await expect(refused).rejects.toThrow(AdapterError);
    await expect(refused).rejects.toThrow(
      /layer\.1\.attention\.self\.query\.lora_B\.weight contains Infinity\n {2}at: .*adapter_model.safetensors: element 3/,
    );
  });

  test("tensors of a kind it does not know", async () => {
    const to = `${folder}/embedding`;
    const { tensors, config } = await readLora(fixture("bert/adapters/lora"));
    const [tensor] = tensors.values();
    if (!tensor) throw new Error("the fixture is empty");
    const odd = new Map([...tensors, ["bert.embeddings.word_embeddings.lora_embedding_C", tensor]]);
    await saveLora(to, { tensors: odd, config, params: [], baseModel: "b", taskType: "SEQ_CLS" });
    await expect(readLora(to)).rejects.toThrow(/word_embeddings\.lora_embedding_C, which is not supported/);
  });

  test("the other library's format", async () => {
    await expect(readLora(fixture("bert/adapters/houlsby"))).rejects.toThrow(/adapter-hub's format/);
  });

  test("nothing that PEFT itself lets pass", async () => {
    const ends = await readLora(
      await changed({ target_modules: ["query", "q_proj", "value"], eva_config: { rho: 2 } }),
    );
    expect(ends.config.targetModules).toEqual(["query", "value"]);
    const rest = await readLora(
      await changed({
        ...{ target_modules: ["query", "value"], layers_to_transform: [0, 1, 2, 7] },
        ...{ rank_pattern: { query: 4, key: 2 }, alpha_pattern: { dense: 1 } },
        modules_to_save: ["classifier", "score", "qa_outputs"],
      }),
    );
    expect(rest.config).toMatchObject({ layersToTransform: [0, 1, 2], modulesToSave: ["classifier", "score"] });
    expect([rest.config.rankPattern, rest.config.alphaPattern]).toEqual([{ query: 4 }, {}]);
    const left = await readLora(await changed({ target_modules: null, r: 4, init_lora_weights: "orthogonal" }));
    expect(left.config.targetModules).toHaveLength(6);
    expect(left.config.initLoraWeights).toBe(true);
  });
});
