import { ExampleStore } from "../data/examples.ts";
import { IGNORED } from "../data/labels.ts";
import { CheckpointError, DataError, RecipeError } from "../errors.ts";
import { argmax } from "../generation/sampling.ts";
import type { LabelScore, Prediction } from "./reports.ts";
import { compile } from "./setup/engine.ts";
import { openTrained } from "./setup/open-trained.ts";
import type { Prepared } from "./setup/prepared.ts";
import { recipeOfTrained } from "./setup/recipe-of-trained.ts";
import { eachLogits, logSoftmax } from "./task/class-scores.ts";
import type { Asked, Example } from "./task/definition.ts";

/** What labels texts. One of `adapter` and `model` is needed. */
export interface PredictOptions {
  /** Folder or Hub id of an adapter; its base model is found through it. Or of a whole fine-tuned model. */
  readonly adapter?: string;
  /** Base model; default: the adapter's own. Without an adapter, a model with a trained head. */
  readonly model?: string;
  readonly texts: Iterable<string> | AsyncIterable<string>;
}

const BATCH = 16;

/**
 * Labels texts, in their order; they are read as they are needed, so a stream may be endless.
 *
 * @throws {CheckpointError} when the model has no trained head. @throws {DataError} for a text that is empty.
 */
export async function* predict({
  adapter,
  model: base,
  texts,
}: PredictOptions): AsyncGenerator<Prediction, void, void> {
  const trained = adapter ?? base;
  if (trained === undefined) throw new RecipeError("predict needs an adapter or a model", { where: "adapter, model" });
  const { model, weights, fresh } = await openTrained(await recipeOfTrained(trained, base), adapter);
  if (fresh.length > 0) {
    throw new CheckpointError(`the model has no trained classification head: ${fresh.join(", ")} are missing`, {
      where: model.checkpoint.folder,
      hint: "train one, and give its output_dir as --adapter_name_or_path.",
    });
  }
  const session = await compile(model.graph, weights);
  try {
    const classifier = { session, graph: model.graph, padId: model.tokenizer.padId };
    for await (const batch of batches(texts)) yield* await label(classifier, model, batch);
  } finally {
    await session.close();
  }
}

async function* batches(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const text of texts) {
    if (batch.push(text) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function label(classifier: Asked, model: Prepared, texts: readonly string[]): Promise<Prediction[]> {
  const { task_type, max_length } = model.source.recipe;
  const { tokenizer, labels } = model;
  const perToken = task_type === "TOKEN_CLS";
  const split = texts.map((text) => text.split(/\s+/).filter((word) => word !== ""));
  const examples = texts.map((text, i): Example => {
    const where = JSON.stringify(text.slice(0, 40));
    const words = perToken ? tokenizer.encodeWords(split[i] ?? [], { maxLength: max_length }) : undefined;
    const { ids, specials } = words ?? tokenizer.encode(text, { maxLength: max_length });
    if (ids.length === specials) throw new DataError("a text has no tokens", { where, expected: "a text with words" });
    if (!words) return { ids: Int32Array.from(ids), label: 0, where };
    const first = words.wordIds.map((word, at) => (word === null || word === words.wordIds[at - 1] ? IGNORED : 0));
    return { ids: Int32Array.from(ids), labels: Int32Array.from(first), where };
  });
  const found = texts.map((): LabelScore[] => []);
  await eachLogits(classifier, ExampleStore.of(examples), BATCH, (logits, _, example) =>
    found[example]?.push(best(logits, labels.names)),
  );
  return texts.map((text, i) => {
    const scores = found[i] as LabelScore[];
    if (!perToken) return { text, ...(scores[0] as LabelScore) };
    return { text, words: scores.map((score, at) => ({ word: split[i]?.[at] ?? "", ...score })) };
  });
}

function best(logits: Float32Array, names: readonly string[]): LabelScore {
  const probabilities = Array.from(logSoftmax(logits), Math.exp);
  const top = argmax(logits);
  return {
    label: names[top] as string,
    score: probabilities[top] as number,
    probabilities: Object.fromEntries(names.map((name, i) => [name, probabilities[i] as number])),
  };
}
