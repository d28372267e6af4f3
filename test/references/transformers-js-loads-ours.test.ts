import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { recipeOfTrained } from "../../src/assemble/recipe-of-trained.ts";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { embed } from "../../src/verbs/embed.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { exportOnnx } from "../../src/verbs/export/onnx.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { expectClose } from "../models/running.ts";
import { readJson, runHere } from "../running.ts";
import { firstBatch, logitsOf } from "../verbs/export/stored-onnx.ts";

const library = process.env.LOWRANK_TRANSFORMERS_JS ?? "";
const missing = existsSync(join(library, "node_modules/@huggingface/transformers"))
  ? ""
  : ": no transformers.js; set LOWRANK_TRANSFORMERS_JS to a folder that has @huggingface/transformers in its node_modules";

const models = await temporaryFolder();
const TEXTS = ["Either party may terminate this Agreement.", "governed by the laws of Delaware", "notice"];
const CAUSAL = [
  "llama",
  "gpt2",
  "gpt_neox",
  "gemma2",
  "gemma3_text",
  "mistral",
  "olmo2",
  "phi3",
  "qwen2",
  "qwen3",
  "smollm3",
];
const NEW_TOKENS = 12;

/** The same as transformers.js is asked, in a process of its own. */
function ask(cases: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  const script = join(import.meta.dirname, "../parity/run-transformers-js.mjs");
  const input = JSON.stringify({ library, models, cases });
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`transformers.js failed:\n${stderr}`);
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1));
}

const exported = (name: string, options: object) =>
  exportModel({ format: "onnx", out: `${models}/${name}`, ...options });

interface Scored {
  readonly label: string;
  readonly score: number;
}

/** Probabilities by class, in the classes' order. */
const scores = (said: readonly Scored[]): number[] =>
  [...said].sort((a, b) => (a.label < b.label ? -1 : 1)).map(({ score }) => score);

async function predicted(adapter: string): Promise<number[][]> {
  const found: number[][] = [];
  for await (const said of predict({ adapter, model: fixture("bert"), texts: TEXTS })) {
    const probabilities = "probabilities" in said ? said.probabilities : {};
    found.push(scores(Object.entries(probabilities).map(([label, score]) => ({ label, score }))));
  }
  return found;
}

describe.skipIf(missing !== "")(`transformers.js loads ours${missing}`, () => {
  const lora = fixture("bert/adapters/lora");

  test("a classifier's probabilities are those of predict", async () => {
    await exported("classifier", { model: fixture("bert"), adapter: lora });
    const [said] = ask([{ ask: "classify", model: "classifier", texts: TEXTS }]) as [Scored[][]];
    const wanted = await predicted(lora);
    said.forEach((row, i) => void expectClose(scores(row), wanted[i]!, TEXTS[i]!, 1e-6));
    expect(said).toHaveLength(TEXTS.length);
  }, 300_000);

  test("embeddings are those of embed, pooled and normalized by the library", async () => {
    const adapter = await temporaryFolder();
    const { rows } = readJson(fixture("embeddings/expected.json")) as { rows: Record<string, RowsInMemory> };
    const keys = { model_name_or_path: fixture("bert-bare"), task_type: "FEATURE_EXTRACTION", learning_rate: 1e-2 };
    await runHere({ ...keys, method: "lora", output_dir: adapter }, { rows: rows.ranked as RowsInMemory });
    await exported("embedder", { adapter });
    const [said] = ask([{ ask: "embed", model: "embedder", texts: TEXTS }]) as [number[][]];
    const wanted: number[][] = [];
    for await (const { embedding } of embed(adapter, TEXTS, { normalize: true })) wanted.push([...(embedding ?? [])]);
    said.forEach((row, i) => void expectClose(row, wanted[i]!, TEXTS[i]!, 1e-5));
    expect(said).toHaveLength(TEXTS.length);
  }, 300_000);

  test("one session runs under several adapters, as the guide shows", async () => {
    const other = await temporaryFolder();
    await runHere({ lora_r: 3, lora_alpha: 12, learning_rate: 3e-2, lora_dropout: 0, output_dir: other });
    const adapterInputs = "required";
    await exported("swapped", { model: fixture("bert"), adapter: lora, adapterInputs });
    await exported("other", { model: fixture("bert"), adapter: other, adapterInputs });
    const adapters = ["swapped", "other", "swapped"].map((name) => `${models}/${name}/onnx/adapter.safetensors`);
    const [said] = ask([{ ask: "swap", model: "swapped", texts: TEXTS, adapters }]) as [Scored[][][]];
    const wanted = [await predicted(lora), await predicted(other), await predicted(lora)];
    for (const [i, rows] of said.entries())
      rows.forEach((row, j) => void expectClose(scores(row), wanted[i]![j]!, TEXTS[j]!, 1e-6));
    expect(wanted[0]).not.toEqual(wanted[1]);
  }, 300_000);

  test("a tagger's and a masked model's choices are those of their logits", async () => {
    await exported("tagger", { model: fixture("bert-tokens") });
    await exported("masked", { model: fixture("masked/bert") });
    const texts = [TEXTS[0]!];
    const { special } = await loadTokenizer(fixture("masked/bert"));
    const hidden = `Either party ${special.mask_token} terminate`;
    const [tags, fills] = ask([
      { ask: "tag", model: "tagger", texts },
      { ask: "fill", model: "masked", texts: hidden },
    ]) as [{ index: number; entity: string; score: number }[][], { token: number; score: number }[]];
    const tagged = await tokensOf("tagger", texts[0]!);
    for (const { index, score } of tags[0]!) expect(score).toBeCloseTo(Math.max(...softmax(tagged.rows[index]!)), 5);
    expect(tags[0]!.length).toBeGreaterThan(3);
    const filled = await tokensOf("masked", hidden);
    const place = filled.ids.indexOf(filled.maskId);
    const wanted = softmax(filled.rows[place]!);
    expect(fills).toHaveLength(5);
    for (const { token, score } of fills) expect(score).toBeCloseTo(wanted[token]!, 5);
  }, 300_000);

  describe("language models write what generate writes", () => {
    let said: { readonly prompts: number[][]; readonly ids: number[][] }[] = [];
    let written: string[] = [];
    beforeAll(async () => {
      for (const name of CAUSAL) await exported(name, { model: fixture(`causal/${name}`) });
      const recipe = await recipeOfTrained(fixture("causal/llama"));
      const limits = { inlineBytes: 0, dataBytes: 20_000 };
      await exportOnnx(recipe, { format: "onnx", model: fixture("causal/llama"), out: `${models}/cut` }, limits);
      await exported("half", { model: fixture("causal/llama"), dtype: "F16" });
      const cases = [...CAUSAL, "cut", "half"].map((model) => ({
        ask: "generate",
        model,
        texts: TEXTS,
        newTokens: NEW_TOKENS,
      }));
      const pipeline = { ask: "write", model: "llama", texts: TEXTS, newTokens: NEW_TOKENS };
      const answers = ask([...cases, pipeline]);
      written = answers.pop() as string[];
      said = answers as typeof said;
    }, 900_000);

    test.each([...CAUSAL, "cut", "half"].map((name, i) => [name, i] as const))(
      "%s",
      async (name, i) => {
        const { prompts, ids } = said[i]!;
        const base = fixture(`causal/${name === "cut" || name === "half" ? "llama" : name}`);
        const [tokenizer, generator] = [await loadTokenizer(base), await TextGenerator.open({ model: base })];
        const ends = readJson(`${models}/${name}/generation_config.json`).eos_token_id as number[];
        expect(existsSync(`${models}/cut/onnx/model.onnx_data_1`)).toBe(true);
        for (const [row, text] of TEXTS.entries()) {
          expect(prompts[row]!.slice(-3)).toEqual(tokenizer.encode(text, { maxLength: 100 }).ids.slice(-3));
          const wanted = await textOf(generator, text);
          const end = ids[row]!.findIndex((id) => ends.includes(id)); // a batch goes on until all its texts have ended
          expect(tokenizer.decode(ids[row]!.slice(0, end === -1 ? undefined : end))).toBe(wanted);
          if (name === "llama") expect(written[row]).toBe(wanted);
        }
        await generator.close();
      },
      300_000,
    );
  });

  test("onnxruntime-web runs them on WebAssembly", async () => {
    await exported("web", { model: fixture("bert") });
    const batch = firstBatch("bert");
    const ids = batch.ids[0]!;
    const int64 = (data: readonly number[]) => ({ type: "int64", data, dims: [1, ids.length] });
    const feeds = {
      input_ids: int64(ids),
      attention_mask: int64(ids.map(() => 1)),
      token_type_ids: int64(ids.map(() => 0)),
    };
    const [logits] = ask([{ ask: "wasm", model: "web", file: "model.onnx", feeds }]) as [number[]];
    expectClose(logits, batch.wanted.slice(0, logits.length), "logits", 2e-5);
  }, 300_000);
});

async function textOf(generator: TextGenerator, prompt: string): Promise<string> {
  const text = generator.generate(prompt, { maxNewTokens: NEW_TOKENS });
  for (;;) {
    const { done, value } = await text.next();
    if (done) return value.text;
  }
}

/** A text's logits, token by token, out of the file that was written. */
async function tokensOf(name: string, text: string) {
  const tokenizer = await loadTokenizer(`${models}/${name}`);
  const { ids } = tokenizer.encode(text, { maxLength: 100 });
  const { data, shape } = await logitsOf(`${models}/${name}/onnx/model.onnx`, { ids: [ids], padId: 0 }, "right");
  const width = shape.at(-1) as number;
  const rows = ids.map((_, i) => Array.from(data as Float32Array).slice(i * width, (i + 1) * width));
  return { ids, rows, maskId: tokenizer.idOf(tokenizer.special.mask_token ?? "") ?? -1 };
}

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const weights = logits.map((x) => Math.exp(x - top));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((x) => x / sum);
}
