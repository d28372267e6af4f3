import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import type { FloatTensor } from "../../src/formats/safetensors/tensors.ts";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { copyOf, fixture, readJson, recipeOf, rowsOf, runHere, temporary, tensorsOf } from "../running.ts";

type Tensors = Awaited<ReturnType<typeof tensorsOf>>;
const stray: FloatTensor = { shape: [1], data: Float32Array.of(1) };

/** A copy of a fixture's model with more tensors in its file. */
async function holding(
  name: string,
  more: Record<string, FloatTensor> | ((own: Tensors) => Record<string, FloatTensor>),
) {
  const folder = copyOf(name);
  const tensors = await tensorsOf(`${folder}/model.safetensors`);
  for (const [key, tensor] of Object.entries(typeof more === "function" ? more(tensors) : more))
    tensors.set(key, tensor);
  await writeTensors(`${folder}/model.safetensors`, tensors);
  return folder;
}

async function warningsOf(model_name_or_path: string, task_type: string): Promise<readonly string[]> {
  const recipe = resolveRecipe(recipeOf({ model_name_or_path, task_type, method: "full" }));
  return prepare(recipe, await openBase(recipe), undefined).warnings;
}

const named = (names: readonly string[]): Record<string, FloatTensor> =>
  Object.fromEntries(names.map((name) => [name, stray]));

describe("tensors that no parameter reads are said", () => {
  test.each([
    ["bert", "SEQ_CLS", ["qa_outputs.weight"]],
    ["bert", "SEQ_CLS", ["bert.encoder.layer.0.attention.self.extra.weight"]],
    ["masked/bert", "MASKED_LM", ["classifier.bias", "classifier.weight"]],
    ["causal/llama", "CAUSAL_LM", ["score.weight"]],
    ["causal/qwen2", "CAUSAL_LM", ["model.layers.0.self_attn.o_proj.bias"]],
    ["masked/deberta-v2", "MASKED_LM", ["lm_predictions.lm_head.bias"]],
    ["distilbert-tokens", "TOKEN_CLS", ["pre_classifier.weight"]],
    ["modernbert", "SEQ_CLS", ["model.layers.0.attn.Wqkv.bias"]],
  ])("%s, %s: %j", async (name, task, names) => {
    const folder = await holding(name, named(names));
    const listed = names.map((name) => `"${name}"`).join(", ");
    expect(await warningsOf(folder, task)).toEqual([
      `${folder} contains tensors that the model does not use: ${listed}`,
    ]);
  });

  test("by the first names and their number, cut", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `stray.${i}.${"x".repeat(300)}`);
    const [warning = ""] = await warningsOf(await holding("bert", named(names)), "SEQ_CLS");
    expect(warning).toMatch(/(?:"stray\.\d+\.x{1,80}…, ){5}… \(12 in all\)$/);
  });
});

describe("those of no use to anyone are not", () => {
  test.each([
    ["bert", "SEQ_CLS", ["bert.embeddings.position_ids", "cls.predictions.bias", "cls.predictions.transform.dense.weight", "cls.seq_relationship.weight"]],
    ["bert-tokens", "TOKEN_CLS", ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]],
    ["masked/bert", "MASKED_LM", ["cls.seq_relationship.weight", "bert.pooler.dense.weight", "cls.predictions.decoder.bias"]],
    ["masked/roberta", "MASKED_LM", ["roberta.embeddings.token_type_ids", "lm_head.decoder.bias"]],
    ["roberta", "SEQ_CLS", ["lm_head.dense.weight", "lm_head.decoder.weight", "roberta.pooler.dense.weight"]],
    ["deberta-v2", "SEQ_CLS", ["lm_predictions.lm_head.bias", "mask_predictions.dense.weight", "deberta.embeddings.position_embeddings.weight"]],
    ["electra", "SEQ_CLS", ["discriminator_predictions.dense.weight"]],
    ["distilbert", "SEQ_CLS", ["vocab_projector.weight", "vocab_layer_norm.bias"]],
    ["modernbert", "SEQ_CLS", ["decoder.bias"]],
    ["llama", "SEQ_CLS", ["lm_head.weight"]],
    ["causal/llama", "CAUSAL_LM", ["model.layers.0.self_attn.rotary_emb.inv_freq"]],
    ["causal/gpt2", "CAUSAL_LM", ["transformer.h.0.attn.bias", "transformer.h.0.attn.masked_bias"]],
    ["causal/gpt_neox", "CAUSAL_LM", ["gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias"]],
  ])("%s, %s: %j", async (name, task, names) => {
    expect(await warningsOf(await holding(name, named(names)), task)).toEqual([]);
  }); // biome-ignore format: a table
});

test("predict, generate and a run tell", async () => {
  const told: string[] = [];
  const onWarning = (message: string): void => void told.push(message);
  const classifier = await holding("bert", named(["qa_outputs.weight"]));
  for await (const _ of predict({ model: classifier, texts: ["This agreement"], onWarning }));
  expect(told.splice(0).join()).toContain("qa_outputs.weight");
  const { events } = await runHere({ model_name_or_path: classifier, max_steps: 1 });
  const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  expect(warnings.filter((message) => message.includes("qa_outputs.weight"))).toHaveLength(1);

  const decoder = await holding("causal/llama", named(["score.weight"]));
  const generator = await TextGenerator.open({ model: decoder, onWarning });
  await generator.use(fixture("causal/llama/adapters/lora"));
  await generator.use(undefined);
  await generator.close();
  expect(told.filter((message) => message.includes("score.weight"))).toHaveLength(1);
});

describe("the weight of an encoder's output layer", () => {
  /** And the bias that transformers reads where it is not tied. */
  const EMBEDDINGS: Record<string, [embedding: string, output: string, bias: string]> = {
    bert: ["bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"],
    "deberta-v2": [
      "deberta.embeddings.word_embeddings.weight",
      "cls.predictions.decoder.weight",
      "cls.predictions.decoder.bias",
    ],
    distilbert: ["distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight", "vocab_projector.bias"],
    electra: ["electra.embeddings.word_embeddings.weight", "generator_lm_head.weight", "generator_lm_head.bias"],
    modernbert: ["model.embeddings.tok_embeddings.weight", "decoder.weight", "decoder.bias"],
    roberta: ["roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight", "lm_head.decoder.bias"],
    "xlm-roberta": ["roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight", "lm_head.decoder.bias"],
  };
  /** A copy of a fixture with an output layer of its own: the embedding, every third number of it times `by`. */
  const withOutput = (family: string, by: number): Promise<string> =>
    holding(`masked/${family}`, (own) => {
      const [embedding, output] = EMBEDDINGS[family]!;
      const { shape, data } = own.get(embedding)!;
      return { [output]: { shape, data: data.map((x, i) => (i % 3 === 0 ? by * x : x)) } };
    });

  /** Two steps of full fine-tuning. */
  async function trained(model: string) {
    const output_dir = temporary();
    const keys = { model_name_or_path: model, task_type: "MASKED_LM", method: "full", max_steps: 2, output_dir };
    const { losses, events } = await runHere(keys, { rows: { train: rowsOf().train!.map(({ text }) => ({ text })) } });
    const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
    return { losses, warnings: warnings.join("\n"), output_dir };
  }

  test.each(Object.keys(EMBEDDINGS))(
    "%s: is kept where it differs from the embedding, with a warning",
    async (family) => {
      const tied = await withOutput(family, -2);
      const apart = await withOutput(family, -2);
      const config = readJson(`${apart}/config.json`);
      writeFileSync(`${apart}/config.json`, JSON.stringify({ ...config, tie_word_embeddings: false }));
      const [kept, own, shared] = [
        await trained(tied),
        await trained(apart),
        await trained(fixture(`masked/${family}`)),
      ];
      expect(kept.losses).toEqual(own.losses);
      expect(kept.losses).not.toEqual(shared.losses);
      expect(kept.warnings).toContain("both are used");
      expect(own.warnings).not.toContain("both are used");
      expect(readJson(`${kept.output_dir}/config.json`).tie_word_embeddings).toBe(false);
      const saved = await tensorsOf(`${kept.output_dir}/model.safetensors`);
      for (const name of EMBEDDINGS[family]!.slice(1)) expect(saved.has(name), name).toBe(true);
    },
  );

  test("stays tied where both hold the same numbers, and nothing is said", async () => {
    const [same, shared] = [await trained(await withOutput("bert", 1)), await trained(fixture("masked/bert"))];
    expect(same.losses).toEqual(shared.losses);
    expect(same.warnings).toBe(shared.warnings);
  });
});
