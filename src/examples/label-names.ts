import { CheckpointError } from "../errors.ts";

/** A label as the data has it: a class number or a class name. */
export type Label = number | string;

/** A checkpoint's `id2label` as `config.json` holds it. */
export type Id2Label = Readonly<Record<string, string>>;

/**
 * Class names by id.
 *
 * @param where The file that holds `id2label`, for messages.
 * @throws {CheckpointError} when the ids are not 0 to n − 1, or two classes have one name.
 */
export function namesOf(id2label: Id2Label, where?: string): string[] {
  const detail = { ...(where !== undefined && { where }), expected: 'such as {"0": "negative", "1": "positive"}' };
  if (typeof id2label !== "object") throw new CheckpointError("id2label is not a mapping of ids to names", detail);
  const names: string[] = [];
  const ids = new Map<string, number>();
  const count = Object.keys(id2label).length;
  for (let id = 0; id < count; id++) {
    const value: unknown = id2label[id];
    if (typeof value !== "string" && typeof value !== "number") {
      throw new CheckpointError(`id2label names ${count} classes but has no name for id ${id}`, detail);
    }
    const name = String(value);
    const other = ids.get(name);
    if (other !== undefined) {
      throw new CheckpointError(`id2label gives the ids ${other} and ${id} the same name "${name}"`, detail);
    }
    ids.set(name, id);
    names.push(name);
  }
  return names;
}

/** The digits of a label that is a whole number, however a file spells it: `1`, `"1"` and `"1.0"` are all `"1"`. */
export function integerOf(label: Label): string | undefined {
  if (typeof label === "number") return Number.isInteger(label) ? String(label) : undefined;
  return /^(0|-?[1-9]\d*)(?:\.0+)?$/.exec(label)?.[1];
}

/** True when numbers may stand for ids under these names: they may not where a class is named by another number. */
export const allowsIds = (names: readonly string[]): boolean =>
  names.every((name, id) => [undefined, String(id)].includes(integerOf(name)));

/**
 * The function from a label to its class id: the class of that name, else the class whose name is the same number, else,
 * where `allowsIds`, the class of that id. `undefined` for a label that is none of these.
 */
export function classResolver(names: readonly string[]): (label: Label) => number | undefined {
  const byName = new Map(names.map((name, id) => [name, id]));
  const byNumber = new Map<string | undefined, number>(names.map((name, id) => [integerOf(name), id]));
  if (allowsIds(names)) for (const id of names.keys()) byNumber.set(String(id), id);
  return (label) => {
    const named = byName.get(String(label));
    if (named !== undefined) return named;
    const integer = integerOf(label);
    return integer === undefined ? undefined : byNumber.get(integer);
  };
}

/** The name of a class number under the names that the data's file gives; any other label as it is. */
export const nameUnder = (label: Label, fileNames: readonly string[]): Label =>
  typeof label === "number" ? (fileNames[label] ?? label) : label;

/** A label without what the eye may miss: case, white space, invisible characters, Unicode form. */
export const folded = (label: Label): string =>
  String(label).normalize("NFKC").replace(/[\s\p{Cf}\p{Cc}]+/gu, " ").trim().toLowerCase(); // biome-ignore format: a chain
