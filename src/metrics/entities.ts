import { DataError } from "../errors.ts";

/** Micro-averaged scores of whole entities; a share of nothing counts as 0. */
export interface EntityScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Entities in the labels. */
  readonly support: number;
}

/**
 * Scores entities given as IOB2 or IOBES tags: one is right when its start, its end and its type are.
 *
 * Lenient as seqeval's default and conlleval: an `I-X` with no `X` before it begins an entity.
 * @param labels      Tags (`B-PER`, `I-PER`, `E-PER`, `S-PER`, `O`) of each sequence.
 * @param predictions Likewise.
 * @throws {DataError} when a sequence has more labels than predictions, or fewer.
 */
export function entityScores(
  labels: readonly (readonly string[])[],
  predictions: readonly (readonly string[])[],
): EntityScores {
  let [support, predicted, correct] = [0, 0, 0];
  for (let s = 0; s < Math.max(labels.length, predictions.length); s++) {
    const [tags, guesses] = [labels[s], predictions[s]];
    if (tags?.length !== guesses?.length) {
      throw new DataError(`There are ${tags?.length ?? 0} labels but ${guesses?.length ?? 0} predicted tags.`, {
        where: `sequence ${s}`,
      });
    }
    const truth = entities(tags!);
    const found = entities(guesses!);
    support += truth.size;
    predicted += found.size;
    for (const entity of found) if (truth.has(entity)) correct++;
  }
  const share = (of: number) => (of === 0 ? 0 : correct / of);
  return { precision: share(predicted), recall: share(support), f1: share((predicted + support) / 2), support };
}

/** True when class names are the tags of entities: `O` and names such as `B-PER`, of which one at least begins an entity. */
export const areEntityTags = (classes: readonly string[]): boolean =>
  classes.every((name) => /^(O$|[BIES]-.)/.test(name)) && classes.some((name) => /^[BS]-/.test(name));

/** The entities of one sequence, each written `start:end:type`. */
function entities(tags: readonly string[]): Set<string> {
  const found = new Set<string>();
  let start = 0;
  let open: string | undefined;
  for (let i = 0; i <= tags.length; i++) {
    const tag = tags[i] ?? "O";
    const type = tag === "O" ? undefined : tag.slice(2);
    const isClosed = /^[ES]/.test(tags[i - 1] ?? "O");
    if (/^[IE]/.test(tag) && type === open && !isClosed) continue;
    if (open !== undefined) found.add(`${start}:${i}:${open}`);
    start = i;
    open = type;
  }
  return found;
}
