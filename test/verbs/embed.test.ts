import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { TextEmbedding } from "../../src/events/reports.ts";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { openModelFile } from "../../src/session/node/index.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { checkJob } from "../../src/training/checked.ts";
import { type EmbedOptions, embed, type TextSource } from "../../src/verbs/embed.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { jobOf } from "../../src/verbs/job-of.ts";
import { fixture, readJson, recipeOf, runHere, temporary } from "../running.ts";
import { feedsOf } from "./export/stored-onnx.ts";

const folder = temporary();
const model = `${folder}/model`;
const { rows } = readJson(fixture("embeddings/expected.json")) as { rows: Record<string, RowsInMemory> };
const BASE = { model_name_or_path: model, task_type: "FEATURE_EXTRACTION" };

beforeAll(async () => {
  cpSync(fixture("bert-bare"), model, { recursive: true });
  const settings = { prompts: { query: "law " }, default_prompt_name: null };
  writeFileSync(`${model}/config_sentence_transformers.json`, JSON.stringify(settings));
  writeFileSync(`${model}/sentence_bert_config.json`, JSON.stringify({ max_seq_length: 12 }));
  for (const method of ["lora", "full"]) {
    await runHere({ ...BASE, method, output_dir: `${folder}/${method}` }, { rows: rows.ranked as RowsInMemory });
  }
});

async function all(source: string, texts: TextSource, options: EmbedOptions = {}): Promise<TextEmbedding[]> {
  const list: TextEmbedding[] = [];
  for await (const item of embed(source, texts, options)) list.push(item);
  return list;
}

/** The pairs as a data set of files. */
function data(): string {
  mkdirSync(`${folder}/data`, { recursive: true });
  for (const [split, list] of Object.entries(rows.ranked as RowsInMemory)) {
    writeFileSync(`${folder}/data/${split}.jsonl`, list.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  return `${folder}/data`;
}

const vectors = async (...args: Parameters<typeof all>): Promise<number[][]> =>
  (await all(...args)).map(({ embedding }) => [...(embedding ?? [])]);

const TEXT = "Statute agreement of the state law";

describe("embed", () => {
  test("a text without tokens has its reason, and stops no other; the index is its place", async () => {
    const [first, second] = await all(model, ["", TEXT]);
    expect(first).toEqual({ index: 0, text: "", embedding: null, error: "the text has no tokens" });
    expect(second).toMatchObject({ index: 1, embedding: expect.any(Float32Array) });
    await expect(all(model, [""])).rejects.toThrow(/the text has no embedding/);
  });

  test("cuts and normalises", async () => {
    const [whole] = await vectors(model, [TEXT]);
    expect(await vectors(model, [TEXT], { dims: 5 })).toEqual([whole?.slice(0, 5)]);
    const [unit] = await vectors(model, [TEXT], { dims: 5, normalize: true });
    expect(Math.hypot(...(unit ?? []))).toBeCloseTo(1, 6);
  });

  test("puts a prompt of the model's files before the text", async () => {
    expect(await vectors(model, [TEXT], { promptName: "query" })).toEqual(await vectors(model, [`law ${TEXT}`]));
    await expect(all(model, [TEXT], { promptName: "title" })).rejects.toThrow(/no prompt named title[\s\S]*query/);
  });

  test("takes as many tokens as the model's files say", async () => {
    const long = `${TEXT} ${TEXT} ${TEXT}`;
    expect(await vectors(model, [long])).toEqual(await vectors(model, [`${long} ${TEXT}`]));
  });

  test.each([0, 33, 2.5])("refuses dims %d", async (dims) => {
    await expect(all(model, [TEXT], { dims })).rejects.toThrow(/embeddings of the model have 32 numbers/);
  });

  test("reads the files that predict reads", async () => {
    writeFileSync(`${folder}/texts.jsonl`, `${JSON.stringify({ text: TEXT })}\n`);
    expect(await vectors(model, { file: `${folder}/texts.jsonl` })).toEqual(await vectors(model, [TEXT]));
  });

  test("refuses an adapter with a head", async () => {
    await expect(all(fixture("bert/adapters/lora"), [TEXT])).rejects.toThrow(/FEATURE_EXTRACTION/);
  });
});

describe("a trained model of embeddings", () => {
  test.each(["lora", "full"])(
    "%s: lies beside the files of sentence-transformers, and is read with them",
    async (method) => {
      const out = `${folder}/${method}`;
      expect(readJson(`${out}/1_Pooling/config.json`)).toMatchObject({ pooling_mode_mean_tokens: true });
      expect(readJson(`${out}/sentence_bert_config.json`)).toMatchObject({ max_seq_length: 12 });
      expect(readJson(`${out}/config_sentence_transformers.json`)).toMatchObject({ prompts: { query: "law " } });
      expect(JSON.parse(readFileSync(`${out}/modules.json`, "utf8"))).toHaveLength(2);
      const [before] = await vectors(model, [TEXT]);
      const [after] = await vectors(out, [TEXT]);
      expect(after).toHaveLength(32);
      expect(after).not.toEqual(before);
    },
  );

  test("the adapter is of PEFT's task, with the names of the bare model", () => {
    expect(readJson(`${folder}/lora/adapter_config.json`)).toMatchObject({ task_type: "FEATURE_EXTRACTION" });
    const header = readFileSync(`${folder}/lora/adapter_model.safetensors`).toString("latin1");
    expect(header).toContain('"base_model.model.encoder.layer.0.attention.self.query.lora_A.weight"');
  });

  test("merged, it gives the same embeddings", async () => {
    await exportModel({ format: "safetensors", adapter: `${folder}/lora`, out: `${folder}/merged` });
    expect(existsSync(`${folder}/merged/1_Pooling/config.json`)).toBe(true);
    const [ours, merged] = [await vectors(`${folder}/lora`, [TEXT]), await vectors(`${folder}/merged`, [TEXT])];
    merged[0]?.forEach((value, i) => void expect(value).toBeCloseTo(ours[0]?.[i] as number, 5));
  });

  test.each(["mean", "cls"])("ONNX gives the embedding and the hidden states that it is made of: %s", async (mode) => {
    const source = mode === "mean" ? `${folder}/lora` : `${folder}/pooled-cls`;
    if (mode === "cls") {
      cpSync(model, source, { recursive: true });
      mkdirSync(`${source}/1_Pooling`);
      writeFileSync(`${source}/1_Pooling/config.json`, JSON.stringify({ pooling_mode_cls_token: true }));
      const modules = ["Transformer", "Pooling"].map((type, idx) => ({
        idx,
        path: ["", "1_Pooling"][idx],
        type: `sentence_transformers.models.${type}`,
      }));
      writeFileSync(`${source}/modules.json`, JSON.stringify(modules));
    }
    const out = `${folder}/onnx-${mode}`;
    await exportModel({ format: "onnx", out, ...(mode === "mean" ? { adapter: source } : { model: source }) });
    expect(readJson(`${out}/1_Pooling/config.json`)).toMatchObject({ [`pooling_mode_${mode}_token${mode === "mean" ? "s" : ""}`]: true }); // biome-ignore format: one call
    expect(readJson(`${out}/sentence_bert_config.json`)).toMatchObject({ max_seq_length: 12 });
    const tokenizer = await loadTokenizer(out);
    const ids = [TEXT, "law"].map((text) => tokenizer.encode(text, { maxLength: 12 }).ids);
    const session = await openModelFile(`${out}/onnx/model.onnx`);
    const outputs = await session.run(feedsOf(session.inputs, { ids, padId: tokenizer.padId }, "right"));
    await session.close();
    const seq = Math.max(...ids.map(({ length }) => length));
    expect(outputs.last_hidden_state?.shape).toEqual([2, seq, 32]);
    expect(outputs.sentence_embedding?.shape).toEqual([2, 32]);
    const [states, embeddings] = [outputs.last_hidden_state?.data, outputs.sentence_embedding?.data] as Float32Array[];
    for (const [row, wanted] of (await vectors(source, [TEXT, "law"])).entries()) {
      const read = mode === "mean" ? (ids[row]?.length as number) : 1; // tokens that the embedding is made of
      for (const [i, value] of wanted.entries()) {
        const at = (token: number): number => states?.[(row * seq + token) * 32 + i] as number;
        const mean = Array.from({ length: read }, (_, token) => at(token)).reduce((a, b) => a + b) / read;
        expect(mean).toBeCloseTo(value, 5);
        expect(embeddings?.[row * 32 + i]).toBeCloseTo(value, 5);
      }
    }
  });

  test.each([true, false])("GGUF is refused, with the formats that hold it: merged %s", async (merge) => {
    const options = { format: "gguf", adapter: `${folder}/lora`, out: `${folder}/lora.gguf`, merge } as const;
    await expect(exportModel(options)).rejects.toThrow(
      /type bert cannot be written as GGUF[\s\S]*onnx and safetensors/,
    );
    expect(existsSync(options.out)).toBe(false);
    expect(existsSync(`${options.out}.merged`)).toBe(false);
  });

  test("the recipe's max_length wins over the model's, also in a thread, which gets a copy of the job", async () => {
    const accepted = async (keys: object) => {
      const job = { ...jobOf(recipeOf({ ...BASE, ...keys }), {}), rows: rows.ranked as RowsInMemory };
      return (await checkJob(structuredClone(job))).model.source.recipe.max_length;
    };
    expect(await accepted({ max_length: 7 })).toBe(7);
    expect(await accepted({})).toBe(12);
  });

  test("is resumed bit for bit", async () => {
    const keys = { ...BASE, method: "lora", save_strategy: "steps", save_steps: 2, shuffle_dataset: true };
    const given = { rows: rows.ranked as RowsInMemory };
    await runHere({ ...keys, output_dir: `${folder}/whole` }, given);
    await runHere({ ...keys, output_dir: `${folder}/part` }, { ...given, stopAfter: 2 }).catch(() => {});
    await runHere({ ...keys, output_dir: `${folder}/part`, resume_from_checkpoint: true }, given);
    const weights = (run: string) => readFileSync(`${folder}/${run}/adapter_model.safetensors`);
    expect(weights("part").equals(weights("whole"))).toBe(true);
  });

  test("is evaluated by its own figures, merged as well", async () => {
    const recipe = recipeOf({ ...BASE, dataset_name: data() });
    const scores = await evaluate(recipe, { adapter: `${folder}/lora` });
    expect(scores).toMatchObject({ "eval_ndcg@10": expect.any(Number), "eval_recall@5": expect.any(Number) });
    const merged = await evaluate(recipe, { adapter: `${folder}/merged` });
    expect(merged.eval_loss).toBeCloseTo(Number(scores.eval_loss), 4);
    expect(merged["eval_ndcg@10"]).toBeCloseTo(Number(scores["eval_ndcg@10"]), 6);
  });
});

describe("what is refused", () => {
  const refused = (keys: Record<string, unknown>, data: unknown) =>
    runHere({ ...BASE, output_dir: `${folder}/refused`, ...keys }, { rows: data as RowsInMemory });

  test.each([
    ["rows without pairs", {}, { train: [{ text: "a" }], test: [{ text: "b" }] }, /no column|no row|pairs/],
    ["a length beyond the model's", { matryoshka_dims: [64, 16] }, rows.ranked, /matryoshka_dims has 64/],
    ["training a head alone", { method: "head" }, rows.ranked, /classification head/],
  ])("%s, and nothing is written", async (_, keys, data, message) => {
    await expect(refused(keys, data)).rejects.toThrow(message);
    expect(existsSync(`${folder}/refused`)).toBe(false);
  });
});
