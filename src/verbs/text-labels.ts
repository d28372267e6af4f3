import { checkVocabulary } from "../assemble/data.ts";
import { refuseOneClass } from "../assemble/supported-head.ts";
import { CheckpointError } from "../errors.ts";
import type { LabelScore, Prediction, TextScore } from "../events/reports.ts";
import { ExampleStore } from "../examples/examples.ts";
import { IGNORED } from "../examples/labels.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { TASK_FACTS } from "../task-types/index.ts";
import { eachLogits } from "../tasks/class-scores.ts";
import type { Asked, TaskDefinition } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import { NotFiniteError } from "../training/scoring.ts";
import { BATCH, type EncodedText, type Numbered, placeOf, reasonOf } from "./each-text.ts";

/** Problem of a head with one output whose `config.json` names none: transformers takes its sigmoid. */
const ONE_OUTPUT = "multi_label_classification";

/**
 * The task whose scores a trained head gives.
 * @param fresh Parameters that no file holds.
 * @throws {CheckpointError} when the model has no trained head, or one that is not supported.
 */
export function labellingTask(model: Prepared, fresh: readonly string[]): TaskDefinition {
  const { task_type, problem_type } = model.source.recipe;
  const isOne =
    TASK_FACTS[task_type].labelled === "text" && problem_type === undefined && model.labels.names.length === 1;
  if (!isOne) refuseOneClass(model);
  if (fresh.length > 0) {
    throw new CheckpointError(`the model has no trained classification head: ${fresh.join(", ")} are missing`, {
      where: model.checkpoint.folder,
      hint: "train one, and set --adapter_name_or_path to its output_dir.",
    });
  }
  return taskOf({ task_type, ...(isOne ? { problem_type: ONE_OUTPUT } : { problem_type }) });
}

/** A text as a classifier gets it; of words, each label is the place of its word. */
export interface LabelledInput extends EncodedText {
  readonly words?: readonly string[];
}

/**
 * Predictions for texts, in their order.
 * @throws {NotFiniteError} naming the text whose logits are NaN or infinite.
 */
export async function labelled(
  asked: Asked,
  model: Prepared,
  encoded: readonly LabelledInput[],
  { prediction }: TaskDefinition,
): Promise<Prediction[]> {
  const shown = encoded.flatMap(({ input, example }) => (example ? [{ input, example }] : []));
  const examples = ExampleStore.of(shown.map(({ example }) => example));
  checkVocabulary(examples, model.checkpoint);
  const scores = Array.from({ length: examples.length }, () => new Map<number, TextScore>());
  const {
    labels: { names: classes },
    threshold,
  } = model;
  const options = { classes, ...(threshold !== undefined && { threshold }) };
  await eachLogits(asked, examples, BATCH, (logits, place, row) => {
    const bad = logits.find((logit) => !Number.isFinite(logit));
    if (bad !== undefined) throw notFinite(bad, (shown[row] as (typeof shown)[number]).input);
    const score = prediction?.(logits, options);
    if (score) scores[row]?.set(place, score);
  });
  let row = 0;
  return encoded.map(({ input, words, example }): Prediction => {
    const { index, text } = input;
    const found = example && scores[row++];
    if (!found) return { index, text, label: null, error: reasonOf(input) };
    if (!words) return { index, text, ...(found.get(0) as TextScore) };
    return {
      index,
      text,
      words: words.map((word, at) => ({ word, ...((found.get(at) as LabelScore | undefined) ?? { label: null }) })),
    };
  });
}

const notFinite = (logit: number, input: Numbered): NotFiniteError =>
  new NotFiniteError(`the logits contain ${logit}`, `${placeOf(input)}, ${JSON.stringify(shortened(input.text))}`);

const shortened = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Characters of a text that a message shows. */
const SHOWN = 60;

/** A text as token ids. */
export function encodeText(input: Numbered, { source, tokenizer }: Prepared): LabelledInput {
  const { task_type, max_length: maxLength } = source.recipe;
  const { text, error } = input;
  const where = placeOf(input);
  if (error !== undefined) return { input };
  if (TASK_FACTS[task_type].labelled !== "word") {
    const { ids, specials } = tokenizer.encode(text, { maxLength });
    if (ids.length === specials) return { input };
    return { input, example: { ids: Int32Array.from(ids), label: 0, where } };
  }
  const words = input.words ?? text.split(/\s+/).filter((word) => word !== "");
  const { ids, wordIds, specials } = tokenizer.encodeWords(words, { maxLength });
  if (ids.length === specials) return { input };
  const labels = Int32Array.from(wordIds, (word, at) => (word === null || word === wordIds[at - 1] ? IGNORED : word));
  return { input, words, example: { ids: Int32Array.from(ids), labels, where } };
}
