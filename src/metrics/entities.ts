import { DataError } from "../errors.ts";
import { type ClassScores, classScoresOf } from "./classification.ts";

/** Micro-averaged scores of whole entities; a share of nothing counts as 0. */
export interface EntityScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Entities in the labels. */
  readonly support: number;
  /** Scores of the entities of each type, by its name. */
  readonly types: readonly ClassScores[];
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
  const types = new Map<string, { support: number; predicted: number; correct: number }>();
  const countsOf = (entity: string) => {
    const type = entity.replace(/^\d+:\d+:/, "");
    const known = types.get(type) ?? { support: 0, predicted: 0, correct: 0 };
    types.set(type, known);
    return known;
  };
  for (let s = 0; s < Math.max(labels.length, predictions.length); s++) {
    const [tags, guesses] = [labels[s], predictions[s]];
    if (tags?.length !== guesses?.length) {
      throw new DataError(`There are ${tags?.length ?? 0} labels but ${guesses?.length ?? 0} predicted tags.`, {
        where: `sequence ${s}`,
      });
    }
    const truth = entities(tags!);
    for (const entity of truth) countsOf(entity).support++;
    for (const entity of entities(guesses!)) {
      countsOf(entity).predicted++;
      if (truth.has(entity)) countsOf(entity).correct++;
    }
  }
  const sum = (key: "support" | "predicted" | "correct") =>
    [...types.values()].reduce((total, counts) => total + counts[key], 0);
  const { class: _, ...all } = classScoresOf("", sum("correct"), sum("predicted"), sum("support"));
  const names = [...types.keys()].sort((a, b) => (a < b ? -1 : 1));
  return {
    ...all,
    types: names.map((name) => {
      const { correct, predicted, support } = types.get(name) as {
        support: number;
        predicted: number;
        correct: number;
      };
      return classScoresOf(name, correct, predicted, support);
    }),
  };
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
