import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readLora } from "../../src/formats/peft/read-lora.ts";
import { saveLora } from "../../src/formats/peft/save-lora.ts";
import { readAdapter } from "../../src/formats/safetensors/adapter.ts";
import { writeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { type FloatTensor, writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { type MergeOptions, type MergeReport, mergeAdapter } from "../../src/merging/merge-adapter.ts";
import type { Scheme } from "../../src/quant/schemes/index.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";

const folder = await temporaryFolder();

/** What PEFT makes of a parameter. */
interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sums: readonly number[];
}
/** The cases of PEFT's methods. */
const cases = Object.fromEntries(
  readdirSync(fixture("merge"))
    .filter((name) => /^expected.*\.json$/.test(name) && name !== "expected-mlx.json")
    .map((name) => JSON.parse(readFileSync(fixture(`merge/${name}`), "utf8")))
    .flatMap(({ cases }) => Object.entries(cases as Record<string, Record<string, Expected>>)),
);

const PACKINGS: Record<string, Scheme> = {
  "qlora-nf4": { type: "nf4", blockSize: 64, doubleQuant: false },
  "qlora-nf4-double": { type: "nf4", blockSize: 64, doubleQuant: true },
  "qlora-fp4": { type: "fp4", blockSize: 64, doubleQuant: false },
  "qlora-int8": { type: "int8" },
};

/** `base/method` or `base/method/packing`, as expected.json names a case. */
const CASE = /^((?:merge\/|causal\/)?[^/]+)\/([^/]+)(?:\/(.*))?$/;

let runs = 0;
async function merge(base: string, method: string, options: Partial<MergeOptions> = {}): Promise<MergeReport> {
  const out = `${folder}/${runs++}`;
  const checkpoint = await readCheckpoint(fixture(base));
  return mergeAdapter({ base: checkpoint, adapterFolder: fixture(`${base}/adapters/${method}`), out, ...options });
}

const sumsOf = (x: Float32Array): number[] => [
  x.reduce((sum, value) => sum + value, 0),
  x.reduce((sum, value) => sum + value * value, 0),
  x.reduce((sum, value, i) => sum + value * Math.cos(i), 0),
];

const configOf = ({ folder }: MergeReport) => JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));

describe("PEFT merges the same", () => {
  test.each(Object.keys(cases))("%s", async (name) => {
    const [, base = "", method = "", packing] = CASE.exec(name) ?? [];
    const expected = cases[name] ?? {};
    const quantized = packing && { packing: PACKINGS[packing] as Scheme, params: linears(Object.keys(expected)) };
    const report = await merge(base, method, quantized ? { quantized } : {});
    const merged = await readCheckpoint(report.folder);
    expect([...merged.tensors.keys()].sort()).toEqual(Object.keys(expected));
    for (const [param, { dtype, shape, sums }] of Object.entries(expected)) {
      const tensor = merged.tensors.get(param);
      expect({ dtype: tensor?.dtype, shape: tensor?.shape }, param).toEqual({ dtype, shape });
      const ours = sumsOf(await merged.readFloat32(param));
      sums.forEach((sum, i) => {
        expect(Math.abs(ours[i]! - sum) / Math.max(1, Math.abs(sum)), `${param} ${i}`).toBeLessThan(2e-6);
      });
    }
  });
});

/** The weights that training packs: those of linear layers but poolers and heads. */
const linears = (names: readonly string[]): string[] =>
  names.filter((name) => /layer\.\d.*(query|key|value|dense)\.weight$/.test(name));

describe("mergeAdapter", () => {
  test("keeps the bytes of what the adapter does not change, and says what it changed", async () => {
    const report = await merge("bert", "lora-bias-only");
    const [before, after] = [await readCheckpoint(fixture("bert")), await readCheckpoint(report.folder)];
    const changed = [...report.merged, ...report.whole];
    expect(report.merged).toEqual(
      [0, 1, 2].flatMap((i) => [
        `bert.encoder.layer.${i}.attention.self.query.weight`,
        `bert.encoder.layer.${i}.attention.self.value.weight`,
      ]),
    );
    expect(report.whole).toHaveLength(8);
    expect(report.whole).toContain("classifier.weight");
    expect(report.whole).toContain("bert.encoder.layer.2.attention.self.value.bias");
    for (const [name, entry] of before.tensors) {
      const same =
        Buffer.compare(await entry.read(), (await after.tensors.get(name)?.read()) ?? new Uint8Array()) === 0;
      expect(same, name).toBe(!changed.includes(name));
    }
    expect(report).toMatchObject({ files: ["model.safetensors"], untied: false });
    expect(report).not.toHaveProperty("quantized");
  });

  test("cuts where a file would be too long, and reads bases that are cut", async () => {
    const whole = await merge("merge/llama", "all");
    const cut = await merge("merge/llama", "all", { maxShardBytes: 4000 });
    expect(cut.files).toHaveLength(Number(/of-0*(\d+)/.exec(cut.files[0] ?? "")?.[1]) + 1);
    expect(cut.files.slice(0, 2)).toEqual(["model-00001-of-00007.safetensors", "model-00002-of-00007.safetensors"]);
    expect(cut.files.at(-1)).toBe("model.safetensors.index.json");
    const index = JSON.parse(readFileSync(`${cut.folder}/model.safetensors.index.json`, "utf8"));
    expect(Object.keys(index.weight_map)).toEqual(Object.keys(index.weight_map).sort());

    const [one, many] = [await readCheckpoint(whole.folder), await readCheckpoint(cut.folder)];
    expect(many.tensors.size).toBe(one.tensors.size);
    expect(index.metadata.total_size).toBe(
      [...one.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
    for (const [name, entry] of one.tensors)
      expect(await many.tensors.get(name)?.read(), name).toEqual(await entry.read());
    const again = await merge("merge/llama", "all", {
      base: many,
      adapterFolder: fixture("merge/llama/adapters/dora"),
    });
    expect(again.merged).toHaveLength(4);
  });

  test("rounds what it changes to the type asked for, and says so in config.json", async () => {
    const report = await merge("merge/llama", "heads", { dtype: "BF16" });
    const { tensors } = await readCheckpoint(report.folder);
    const types = [...tensors].map(([name, { dtype }]) => [name, dtype]);
    const changed = [...report.merged, ...report.whole];
    expect(types).toEqual(types.map(([name]) => [name, changed.includes(name ?? "") ? "BF16" : "F32"]));
    expect(configOf(report).dtype).toBe("bfloat16");
    expect(configOf(await merge("merge/llama-bf16", "all")).dtype).toBe("bfloat16");
    expect(configOf(await merge("merge/llama-bf16", "all", { dtype: "F32" })).dtype).toBe("float32");
  });

  test("packs and unpacks the weights that the adapter updates, or all that training packed", async () => {
    const packing = PACKINGS["qlora-nf4"] as Scheme;
    const some = await merge("bert", "lora", { quantized: { packing } });
    expect(some.quantized).toEqual({ packing, params: some.merged });
    const key = "bert.encoder.layer.0.attention.self.key.weight";
    const all = await merge("bert", "lora", { quantized: { packing, params: [...some.merged, key] } });
    expect(all.quantized?.params).toEqual(expect.arrayContaining([...some.merged, key]));
    expect(all.merged).toEqual(some.merged);
    const read = async (report: MergeReport) => (await readCheckpoint(report.folder)).readFloat32(key);
    expect(new Set(await read(some)).size).toBeGreaterThan(16 * 16);
    expect(new Set((await read(all)).slice(0, 64)).size).toBeLessThanOrEqual(16);
  });

  test("an output layer with an update of its own no longer shares the embedding's weight", async () => {
    const report = await merge("merge/llama-tied", "output");
    expect(report).toMatchObject({ untied: true, merged: expect.arrayContaining(["lm_head.weight"]) });
    const [before, after] = [await readCheckpoint(fixture("merge/llama-tied")), await readCheckpoint(report.folder)];
    const embedding = await before.readFloat32("model.embed_tokens.weight");
    expect(await after.readFloat32("model.embed_tokens.weight")).toEqual(embedding);
    expect(await after.readFloat32("lm_head.weight")).not.toEqual(embedding);
    expect(configOf(report).tie_word_embeddings).toBe(false);
  });

  test("an embedding that trained leaves the output layer the base's", async () => {
    const report = await merge("merge/llama-tied", "embedding");
    const [before, after] = [await readCheckpoint(fixture("merge/llama-tied")), await readCheckpoint(report.folder)];
    const embedding = await before.readFloat32("model.embed_tokens.weight");
    expect(await after.readFloat32("lm_head.weight")).toEqual(embedding);
    expect(await after.readFloat32("model.embed_tokens.weight")).not.toEqual(embedding);
    expect(configOf(report).tie_word_embeddings).toBe(false);
  });

  test("an adapter of a bare model finds its modules under the base's prefix", async () => {
    const adapter = await readLora(fixture("bert/adapters/lora"));
    const bare = [...adapter.tensors]
      .filter(([name]) => name.startsWith("bert."))
      .map(([name, tensor]) => [name.slice(5), tensor] as const);
    await saveLora(`${folder}/bare`, {
      ...{ tensors: bare, config: adapter.config, params: [] },
      baseModel: "b",
      taskType: "FEATURE_EXTRACTION",
    });
    const report = await merge("bert", "lora", { adapterFolder: `${folder}/bare` });
    const [ours, theirs] = [
      await readCheckpoint(report.folder),
      await readCheckpoint((await merge("bert", "lora")).folder),
    ];
    expect(report.merged).toHaveLength(6);
    for (const name of report.merged) expect(await ours.readFloat32(name)).toEqual(await theirs.readFloat32(name));
  });

  test("the norms of the first BERT files keep their names", async () => {
    const { config, tensors } = await readCheckpoint(fixture("bert"));
    const old = [...tensors].map(
      ([name, entry]) =>
        [
          name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
          entry,
        ] as const,
    );
    await mkdir(`${folder}/old`);
    await writeSafetensors(`${folder}/old/model.safetensors`, old);
    await writeFile(`${folder}/old/config.json`, JSON.stringify(config));
    const report = await merge("bert", "lora-bias-all", { base: await readCheckpoint(`${folder}/old`) });
    expect(report.whole).toContain("bert.encoder.layer.0.output.LayerNorm.beta");
    expect([...(await readCheckpoint(report.folder)).tensors.keys()].sort()).toEqual(old.map(([name]) => name).sort());
  });

  test("writes class and labels of the task, tokenizer and generation settings", async () => {
    const base = `${folder}/whole-base`;
    await cp(fixture("bert-bare"), base, { recursive: true });
    await writeFile(`${base}/generation_config.json`, "{}");
    const report = await merge("bert-bare", "lora", { base: await readCheckpoint(base) });
    expect(configOf(report)).toMatchObject({
      architectures: ["BertForSequenceClassification"],
      id2label: { 0: "LABEL_0", 4: "LABEL_4" },
      label2id: { LABEL_0: 0 },
    });
    expect(readdirSync(report.folder).sort()).toEqual([
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const labelled = `${folder}/labelled`;
    await cp(fixture("bert-bare/adapters/lora"), labelled, { recursive: true });
    const id2label = { 0: "a", 1: "b", 2: "c", 3: "d", 4: "e" };
    await writeFile(
      `${labelled}/config.json`,
      JSON.stringify({ id2label, problem_type: "single_label_classification" }),
    );
    await writeFile(`${labelled}/tokenizer.json`, "its own");
    const named = await merge("bert-bare", "lora", { adapterFolder: labelled });
    expect(configOf(named)).toMatchObject({
      id2label,
      label2id: { a: 0 },
      problem_type: "single_label_classification",
    });
    expect(readFileSync(`${named.folder}/tokenizer.json`, "utf8")).toBe("its own");
  });
});

type Tensor = readonly [name: string, tensor: FloatTensor];

/** Merges `lora` of a base with tensors and configuration changed. */
async function changed(
  base: string,
  change: (tensor: Tensor) => Tensor | undefined,
  keys: Record<string, unknown> = {},
  options: Partial<MergeOptions> = {},
): Promise<MergeReport> {
  const [from, to] = [`${base}/adapters/lora`, `${folder}/changed-${runs}`];
  await cp(fixture(from), to, { recursive: true });
  const { tensors, readFloat32 } = await readAdapter(to);
  const read = [...tensors].map(async ([key, { shape }]) => [key, { shape, data: await readFloat32(key) }] as const);
  const kept = (await Promise.all(read)).map(change).filter((tensor) => tensor !== undefined);
  await writeTensors(`${to}/adapter_model.safetensors`, kept);
  const config = JSON.parse(readFileSync(`${to}/adapter_config.json`, "utf8"));
  await writeFile(`${to}/adapter_config.json`, JSON.stringify({ ...config, ...keys }));
  return merge(base, "lora", { adapterFolder: to, ...options });
}

describe("mergeAdapter refuses", () => {
  test("an adapter of another model", async () => {
    const other = fixture("modernbert/adapters/lora");
    await expect(merge("bert", "lora", { adapterFolder: other })).rejects.toThrow(
      /the base model has no model\.layers\.0\.attn\.Wqkv\.weight, which the adapter updates\.\n {2}at: .*bert\n {2}hint: was .*modernbert\/adapters\/lora made for another/,
    );
    const sizes = fixture("electra/adapters/lora");
    await expect(merge("distilbert", "lora", { adapterFolder: sizes })).rejects.toThrow(
      /the base model has no electra/,
    );
  });

  test("another shape", async () => {
    await expect(
      changed("bert", ([name, tensor]) => [
        name,
        name.endsWith("lora_B.weight") ? { shape: [8, 4], data: tensor.data.slice(0, 32) } : tensor,
      ]),
    ).rejects.toThrow(/query\.weight has shape \[32,32\], but the adapter's update has \[8,32\]/);
  });

  test("an adapter that is not whole", async () => {
    await expect(
      changed("bert", ([name, tensor]) =>
        name.endsWith("0.attention.self.query.lora_B.weight") ? undefined : [name, tensor],
      ),
    ).rejects.toThrow(/the adapter lacks bert\.encoder\.layer\.0\.attention\.self\.query\.lora_B\.weight/);
    await expect(
      changed("bert", ([name, tensor]) =>
        name.endsWith("0.attention.self.query.lora_A.weight") ? undefined : [name, tensor],
      ),
    ).rejects.toThrow(/contains bert\.encoder\.layer\.0\.attention\.self\.query\.lora_B\.weight but no lora_A/);
    await expect(changed("bert", (entry) => entry, { r: 2 })).rejects.toThrow(
      /lora_A \[4,32\] and lora_B \[32,4\] of bert\.\S+ do not have rank 2\n {2}at: .*\n {2}hint: adapter_config\.json/,
    );
    await expect(changed("bert", (entry) => entry, { use_dora: true })).rejects.toThrow(
      /lacks \S+lora_magnitude_vector/,
    );
  });

  test("what is no number", async () => {
    const broken = (value: number) =>
      changed("bert", ([name, tensor]) => [
        name,
        name.endsWith("lora_B.weight") ? { ...tensor, data: tensor.data.map(() => value) } : tensor,
      ]);
    await expect(broken(Number.NaN)).rejects.toThrow(/the adapter's tensor \S+query\.lora_B\.weight contains NaN/);
    const half = changed(
      "bert",
      ([name, tensor]) => [
        name,
        name.endsWith("lora_B.weight") ? { ...tensor, data: tensor.data.map(() => 1e6) } : tensor,
      ],
      {},
      { dtype: "F16" },
    );
    await expect(half).rejects.toThrow(/which F16 cannot represent\n {2}hint: .*use BF16 or F32/);
  });

  test("a folder that holds weights, and writes nothing there", async () => {
    const { folder: out } = await merge("bert", "lora");
    await expect(merge("bert", "lora", { out })).rejects.toThrow(
      /already contains weights: model\.safetensors\n {2}hint: use another folder/,
    );
  });

  test("a base that is stored packed", async () => {
    const base = await readCheckpoint(fixture("bert"));
    const packed = { ...base, config: { ...base.config, quantization_config: { load_in_4bit: true } } };
    await expect(merge("bert", "lora", { base: packed })).rejects.toThrow(
      /stored quantized\n {2}at: .*config\.json: quantization_config/,
    );
  });

  test("another library's adapter", async () => {
    await expect(merge("bert", "houlsby")).rejects.toThrow(/adapter-hub's format/);
  });
});
