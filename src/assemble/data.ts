import { DataError, TokenizerError } from "../errors.ts";
import type { HeldBackRows } from "../events/events.ts";
import { labelWarnings } from "../examples/label-warnings.ts";
import { type Labelled, type Labels, labelReader } from "../examples/labels.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Examples, Split } from "../tasks/definition.ts";
import { heldBack, readSplit, splitNames, validationSplit } from "./dataset.ts";

/** The splits of a run, read and checked before anything is trained or written. */
export interface RunData {
  readonly train: Split;
  /** Evaluated while training; for choosing. */
  readonly validation?: Split;
  /** Read once, at the end. */
  readonly test?: Split;
  /** Names of the splits that are read. */
  readonly splits: { readonly train: string; readonly validation?: string; readonly test?: string };
  /** Rows of the training split that are held back as the validation split. */
  readonly heldBack?: HeldBackRows;
}

/** Reads the splits that a recipe will need. @throws {DataError} when one is named and missing, empty or malformed. */
export async function readData(recipe: ResolvedRecipe, rows?: RowsInMemory): Promise<RunData> {
  const { eval_strategy, dataset_train_split, dataset_test_split, max_train_samples, max_eval_samples } = recipe;
  const held = await heldBack(recipe, rows);
  const train = await readSplit(recipe, dataset_train_split, { limit: max_train_samples, rows, held });
  const { validation_split_percentage: percentage } = recipe;
  if (percentage !== undefined && !held) {
    throw new DataError("the data have a validation split, so no training rows are held back", {
      where: "validation_split_percentage",
      expected: "data without a split named validation or dev",
      hint: "without validation_split_percentage that split is used.",
    });
  }
  const sizes = held && { trainRows: held.mask.length - held.count, validationRows: held.count };
  const common = { train, ...(sizes && percentage !== undefined && { heldBack: { percentage, ...sizes } }) };
  if (eval_strategy === "no") return { ...common, splits: { train: dataset_train_split } };
  const names = await splitNames(recipe, rows);
  const name = await validationSplit(recipe, rows);
  const validation =
    name === undefined ? undefined : await readSplit(recipe, name, { limit: max_eval_samples, rows, held });
  const tests = names.has(dataset_test_split) || dataset_test_split !== "test"; // one that is named has to be there
  const test = tests ? await readSplit(recipe, dataset_test_split, { limit: max_eval_samples, rows, held }) : undefined;
  if (!validation && (eval_strategy !== "end" || recipe.load_best_model_at_end)) {
    throw new DataError("there is no validation split to evaluate on while training", {
      where: "dataset_validation_split",
      expected: `one of the splits that are there: ${[...names].join(", ")}`,
      hint: "validation_split_percentage: 10 holds training rows back; choosing by the test split would overfit to it.",
    });
  }
  const splits = {
    train: dataset_train_split,
    ...(name !== undefined && { validation: name }),
    ...(test && { test: dataset_test_split }),
  };
  return { ...common, ...(validation && { validation }), ...(test && { test }), splits };
}

/** Checks that every label of the evaluation splits is one the model has. @throws {DataError} with file and line. */
export function checkLabels({ validation, test }: RunData, labels: Labels): void {
  for (const split of [validation, test]) {
    for (const { label, where } of split ? labelsIn(split, labels) : []) labels.idOf(label, where);
  }
}

/** Labels of a split as the classes have them. */
export function labelsIn({ labels: found, classNames }: Split, labels: Labels): Labelled[] {
  const read = labelReader(labels, classNames);
  return found.map((labelled) => ({ ...labelled, label: read(labelled.label) }));
}

/** @throws {DataError} when nothing would be left of a split that is tokenised later. */
export async function checkTexts(split: Split, { tokenizer, labels, source }: Prepared): Promise<void> {
  await split.check({ tokenizer, labels, maxLength: source.recipe.max_length });
}

/** Tokenization of a split. */
export interface EncodeOptions {
  /** Called after each row. */
  readonly onRow?: () => void;
  /** Leave rows to be tokenised when a batch needs them, where the split has many. Their lengths are estimates then. */
  readonly onDemand?: boolean;
}

/** Tokenises a split for a model; says how many rows were left out because their texts are empty. */
export async function encodeSplit(
  split: Split,
  { tokenizer, labels, source, checkpoint }: Prepared,
  { onRow, onDemand = false }: EncodeOptions = {},
): Promise<{ examples: Examples; warnings: string[] }> {
  const { max_length: maxLength, max_batch_tokens } = source.recipe;
  const encoding = { tokenizer, labels, maxLength };
  const knowsAll = tokenizer.vocabSize <= Number(checkpoint.config.vocab_size); // else each token is looked at first
  const later = onDemand && knowsAll && max_batch_tokens === undefined ? split.onDemand?.(encoding) : undefined;
  const found = labelsIn(split, labels);
  if (later) for (const { label, where } of found) labels.idOf(label, where);
  const {
    examples,
    skipped,
    warnings: ofRows = [],
  } = later?.examples.length ? later : await split.encode(encoding, onRow);
  const warnings = [...labelWarnings(found, labels), ...ofRows];
  checkVocabulary(examples, checkpoint);
  if (skipped.count === 0) return { examples, warnings };
  const rows = skipped.count === 1 ? "1 row was" : `${skipped.count} rows were`;
  const left = `${rows} skipped, the first at ${skipped.first}: no token is left to train on after tokenizing`;
  return { examples, warnings: [left, ...warnings] };
}

/** @throws {TokenizerError} for a token that the model has no embedding for. */
export function checkVocabulary(
  { largestId: last }: Pick<Examples, "largestId">,
  { config, folder }: Checkpoint,
): void {
  const size = config.vocab_size;
  if (typeof size !== "number" || last < size) return;
  throw new TokenizerError(
    `the tokenizer produces token id ${last}, but the model has ${size} embeddings (ids 0 to ${size - 1})`,
    {
      where: folder,
      expected: "the tokenizer that the model was trained with",
      hint: "tokens added to a tokenizer also need rows in the model's embedding.",
    },
  );
}
