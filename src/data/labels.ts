import { DataError } from "../errors.ts";

export { IGNORED_LABEL as IGNORED } from "../ignored-label.ts";

/** A label as the data has it: a class number or a class name. */
export type Label = number | string;

/** A label and where it was read. */
export interface Labelled {
  readonly label: Label;
  readonly where: string;
}

/** The classes of a classification head, and the number each label stands for. */
export interface Labels {
  /** Class names by id; as many as the head has outputs. Written as `id2label`. */
  readonly names: readonly string[];
  /**
   * The class id of a label.
   * @throws {DataError} when the label was never seen in training; names the place.
   */
  idOf(label: Label, where: string): number;
}

/** A checkpoint's `id2label` as `config.json` holds it. */
export type Id2Label = Readonly<Record<string, string>>;

/**
 * The class number of each label of the training data: by the checkpoint's `id2label` where that names them all
 * (integers stand for themselves there too), otherwise integers as they are and names in sorted order.
 *
 * @throws {DataError} when labels mix numbers and names, or a number is no class number.
 */
export function labelsOf(train: readonly Labelled[], id2label: Id2Label = {}): Labels {
  const seen = new Map(train.map(({ label, where }) => [label, where]));
  const given = namesOf(id2label);
  const byName = new Map(given.map((name, id) => [name, id]));
  if ([...seen.keys()].every((label) => byName.has(String(label)))) {
    return vocabulary(given, new Map([...seen.keys()].map((label) => [label, byName.get(String(label))!])));
  }
  const numbers = [...seen.keys()].filter((label) => typeof label === "number");
  if (numbers.length === 0) {
    const names = ([...seen.keys()] as string[]).sort();
    return vocabulary(names, new Map(names.map((name, id) => [name, id])));
  }
  for (const [label, where] of seen) {
    if (Number.isInteger(label) && (label as number) >= 0 && (label as number) < MAX_CLASSES) continue;
    throw new DataError(`the label ${JSON.stringify(label)} is not a class number`, {
      where,
      expected: "integers from 0, as most labels of this data set are, or a name for every row",
    });
  }
  const count = Math.max(...numbers) + 1;
  const names = count <= given.length ? given : Array.from({ length: count }, (_, id) => String(id));
  return vocabulary(names, new Map(numbers.map((id) => [id, id])));
}

/** The labels of a trained checkpoint, by name or number, for evaluation and prediction without training data. */
export function labelsOfCheckpoint(id2label: Id2Label): Labels {
  const names = namesOf(id2label);
  return vocabulary(names, new Map<Label, number>([...names.entries()].flatMap(([id, name]) => [[id, id], [name, id]]))); // biome-ignore format: pairs
}

/** More classes than any head has; beyond it a number is an identifier or a measurement. */
const MAX_CLASSES = 1_000_000;

const namesOf = (id2label: Id2Label): string[] =>
  Object.keys(id2label)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => id2label[id]!);

function vocabulary(names: readonly string[], ids: ReadonlyMap<Label, number>): Labels {
  return {
    names,
    idOf(label, where) {
      const id = ids.get(label);
      if (id !== undefined) return id;
      const trained = new Set(ids.values());
      const known = names.filter((_, at) => trained.has(at));
      throw new DataError(`the label ${JSON.stringify(label)} was never seen in training`, {
        where,
        expected: `one of ${known.length}: ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}`,
        hint: "correct the label, leave the row out, or add rows with this label to the training data.",
      });
    },
  };
}
