import { DataError } from "../errors.ts";
import {
  allowsIds,
  classResolver,
  folded,
  type Id2Label,
  integerOf,
  type Label,
  namesOf,
  nameUnder,
} from "./label-names.ts";

export { IGNORED_LABEL as IGNORED } from "../ignored-label.ts";
export type { Id2Label, Label } from "./label-names.ts";

/** A label and where it was read first. */
export interface Labelled {
  readonly label: Label;
  readonly where: string;
  /** Rows or words that have it. Default: 1. */
  readonly count?: number;
}

/** The classes of a classification head, and the number each label stands for. */
export interface Labels {
  /** Class names by id; as many as the head has outputs. Written as `id2label`. */
  readonly names: readonly string[];
  /** The file whose `id2label` the names are from; absent for names of the training data. */
  readonly source?: string;
  /**
   * The class id of a label. A number that is the name of a class means that class, only otherwise an id.
   * @throws {DataError} when the label was never seen in training; names the place.
   */
  idOf(label: Label, where: string): number;
}

/**
 * The classes of the training data: the checkpoint's `id2label` where it names every label, or has every integer as an
 * id; otherwise integers as they are and names in sorted order. Integers that are far apart are names too.
 *
 * @param source The file that `id2label` is from.
 * @throws {DataError} when labels mix numbers and names, or a number is no class number.
 */
export function labelsOf(train: readonly Labelled[], id2label: Id2Label = {}, source?: string): Labels {
  const stored = namesOf(id2label, source);
  const given = new Set(stored);
  const seen = train.map(({ label }) => label);
  if (seen.every((label) => given.has(String(label)))) return vocabulary(stored, seen, source);
  if (seen.every((label) => typeof label === "string")) return vocabulary([...new Set(seen)].sort(), seen);
  checkNumbers(train);
  const numbers = [...new Set(seen.map(Number))].sort((a, b) => a - b);
  const count = (numbers.at(-1) as number) + 1;
  if (count <= stored.length && allowsIds(stored)) return vocabulary(stored, seen, source);
  const sparse = count > Math.max(DENSE_CLASSES, 2 * numbers.length);
  return vocabulary(sparse ? numbers.map(String) : Array.from({ length: count }, (_, id) => String(id)), seen);
}

/**
 * The classes of training data whose file names them by id, as a `ClassLabel` of `datasets` does: the checkpoint's where its names
 * are those, in its own order, or where it has other names for all the numbers; otherwise the file's, in the file's order.
 * @throws {DataError} for a number that the file has no name for.
 */
export function labelsOfFile(
  train: readonly Labelled[],
  fileNames: readonly string[],
  id2label: Id2Label = {},
  source?: string,
): Labels {
  const unnamed = train.find(({ label }) => typeof label === "number" && fileNames[label] === undefined);
  if (unnamed) {
    throw new DataError(`the label ${unnamed.label} is not one of the ${fileNames.length} classes named in the file`, {
      where: unnamed.where,
      expected: `0 to ${fileNames.length - 1}: ${fileNames.slice(0, 20).join(", ")}${fileNames.length > 20 ? ", …" : ""}`,
      hint: "a negative number often marks a row without a label; remove such rows.",
    });
  }
  const stored = namesOf(id2label, source);
  const named = train.map((labelled) => ({ ...labelled, label: nameUnder(labelled.label, fileNames) }));
  const given = new Set(stored);
  const theirs = named.every(({ label }) => given.has(String(label)));
  const placeholders = stored.every((name) => /^LABEL_\d+$/.test(name));
  const numbers = train.every(({ label }) => typeof label === "number" && label < stored.length);
  if (theirs) return labelsOf(named, id2label, source);
  if (!placeholders && numbers && allowsIds(stored)) return labelsOf(train, id2label, source);
  return labelsOf(named, Object.fromEntries(fileNames.entries()));
}

/**
 * The label of a file's row as the classes have it: a number stands for the name that the file gives it, where any of the classes is
 * named as in the file; for an id otherwise, and where the classes have numbers for names.
 */
export function labelReader(labels: Labels, fileNames?: readonly string[]): (label: Label) => Label {
  const known = fileNames?.some((name) => labels.names.includes(name));
  if (!fileNames || !known || labels.names.every((name, id) => name === String(id))) return (label) => label;
  return (label) => nameUnder(label, fileNames);
}

/** The labels of a trained checkpoint, by name or number, for evaluation and prediction without training data. */
export function labelsOfCheckpoint(id2label: Id2Label, source?: string): Labels {
  const names = namesOf(id2label, source);
  return vocabulary(names, names, source);
}

/** Outputs that a head may have for integers that never occur: beyond it, integers are identifiers, not class numbers. */
const DENSE_CLASSES = 100;

/** @throws {DataError} for the label that is unlike most others, or is no class number. */
function checkNumbers(train: readonly Labelled[]): void {
  const isNumber = ({ label }: Labelled): boolean => typeof label === "number" || integerOf(label) !== undefined;
  const rows = (labels: readonly Labelled[]): number => labels.reduce((sum, { count = 1 }) => sum + count, 0);
  const [numbers, words] = [train.filter(isNumber), train.filter((labelled) => !isNumber(labelled))];
  const fewer = rows(numbers) - rows(words) || (isNumber(train[0] as Labelled) ? 1 : -1);
  const [odd] = fewer > 0 ? words : numbers;
  if (words.length > 0 && odd) {
    throw new DataError(`the label ${JSON.stringify(odd.label)} is not a class ${fewer > 0 ? "number" : "name"}`, {
      where: odd.where,
      expected:
        fewer > 0
          ? "integers from 0, like most labels of this data set, or a name in every row"
          : "names, like most labels of this data set, or a number in every row",
    });
  }
  const wrong = train.find(({ label }) => !(Number.isSafeInteger(Number(label)) && Number(label) >= 0));
  if (!wrong) return;
  throw new DataError(`the label ${JSON.stringify(wrong.label)} is not a class number`, {
    where: wrong.where,
    expected: "integers from 0, or a name in every row",
    hint: "a negative number often marks a row without a label; remove such rows. To use it as a class, write the labels as strings.",
  });
}

function vocabulary(names: readonly string[], seen: readonly Label[], source?: string): Labels {
  const resolve = classResolver(names);
  const trained = new Map(seen.map((label) => [resolve(label), label]));
  return {
    names,
    ...(source !== undefined && { source }),
    idOf(label, where) {
      const id = resolve(label);
      if (id !== undefined && trained.has(id)) return id;
      const known = [...names.keys()].filter((each) => trained.has(each));
      const alike = known.map((each) => names[each] as string).find((name) => folded(name) === folded(label));
      const shown = known.slice(0, 20).map((each) => asGiven(trained.get(each) as Label, names[each] as string));
      const from =
        shown.some((text) => text.endsWith(")")) && source ? `; the names come from id2label in ${source}` : "";
      throw new DataError(`the label ${JSON.stringify(label)} does not occur in the training data`, {
        where,
        expected: `one of ${known.length}: ${shown.join(", ")}${known.length > 20 ? ", …" : ""}${from}`,
        hint:
          alike === undefined
            ? "correct the label, remove the row, or add rows with this label to the training data."
            : `${JSON.stringify(alike)} differs from it only in white space, case or Unicode form.`,
      });
    },
  };
}

/** A class as the training data writes it, with its name where that is another. */
const asGiven = (label: Label, name: string): string => (integerOf(label) === undefined || integerOf(label) === integerOf(name) ? name : `${label} (${name})`); // biome-ignore format: one line
