import { OperandError } from "../../errors.ts";
import type { TensorType } from "../../ir/types.ts";

/** Visibility between tokens. */
export interface Visibility {
  /** Tokens see themselves and what came before. */
  readonly causal?: boolean;
  /** Tokens further apart than this do not see each other; absent: all do. */
  readonly window?: number;
  /** The mask numbers documents: tokens see each other only where their numbers are equal. Padding is number 0. */
  readonly documents?: boolean;
}

/** Settings of attention. */
export interface AttentionAttrs extends Visibility {
  readonly heads: number;
  /** Heads of `k` and `v`: query head `h` reads number `⌊h · kvHeads / heads⌋`. Default: `heads`. */
  readonly kvHeads?: number;
  /** Scores are multiplied by this; `1 / √headDim` as a rule. */
  readonly scale: number;
  /** Scaled scores are bent into ±this, as `softcap · tanh(score / softcap)`; absent: they stay as they are. */
  readonly softcap?: number;
  /** With a dropout mask: the probability that it keeps. */
  readonly keep?: number;
}

/** Heads of `k` and `v`. */
export const kvHeadsOf = ({ heads, kvHeads = heads }: AttentionAttrs): number => kvHeads;

/** Width of one head of `q [rows, heads·headDim]`. @throws {OperandError} when width or heads do not divide. */
export function headDimOf(op: string, { shape }: TensorType, attrs: AttentionAttrs): number {
  const { heads } = attrs;
  const width = shape[1];
  if (typeof width !== "number" || width % heads !== 0) {
    throw new OperandError(op, `width ${width} is not divisible into ${heads} heads`);
  }
  if (heads % kvHeadsOf(attrs) !== 0) {
    throw new OperandError(op, `${heads} heads are not divisible into groups for ${kvHeadsOf(attrs)} kvHeads`);
  }
  return width / heads;
}
