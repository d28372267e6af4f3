import type { Part } from "../../../tokenizer/compat.ts";

const SPACE = "\u2581";

/** A merge of two tokens into one. */
export type Merge = readonly [left: string, right: string];

/**
 * Parts that split text into the pieces of a sentencepiece vocabulary: normalizer, pre-tokenizer and decoder of its
 * `tokenizer.json`.
 * @param prefix Whether a space is put before every text, as sentencepiece does unless told otherwise.
 */
export function pieceParts(prefix: boolean): Part {
  const spaces = { type: "Replace", pattern: { String: " " }, content: SPACE };
  const parts = [
    { type: "Replace", pattern: { String: SPACE }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
  ];
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
  return {
    normalizer: prefix ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE }, spaces] } : spaces,
    pre_tokenizer: null,
    decoder: { type: "Sequence", decoders: prefix ? [...parts, strip] : parts },
  };
}

/**
 * The merges that a sentencepiece vocabulary implies: every cut of a token into two others, the best token first. They
 * are those of transformers' `generate_merges`, in its order.
 *
 * @param ids Ids by token.
 * @param scores By id; the token that is better has the higher one.
 */
export function impliedMerges(ids: ReadonlyMap<string, number>, scores: ArrayLike<number>): Merge[] {
  return [...ids]
    .flatMap(([token, id]) => cutsOf(token, ids, scores[id] ?? 0))
    .sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1])
    .map(({ merge }) => merge);
}

/** A token cut into two others. */
interface Cut {
  readonly merge: Merge;
  /** In characters. */
  readonly lengths: readonly [number, number];
  readonly score: number;
}

function cutsOf(token: string, ids: ReadonlyMap<string, number>, score: number): Cut[] {
  const characters = [...token];
  const cuts: Cut[] = [];
  let at = 0;
  for (let i = 1; i < characters.length; i++) {
    at += characters[i - 1]!.length;
    const merge: Merge = [token.slice(0, at), token.slice(at)];
    if (ids.has(merge[0]) && ids.has(merge[1])) cuts.push({ merge, lengths: [i, characters.length - i], score });
  }
  return cuts;
}

/** Tokens of nothing but spaces, which some files spell with real ones. */
export const respelled = (token: string): string => (/^ +$/.test(token) ? SPACE.repeat(token.length) : token);
