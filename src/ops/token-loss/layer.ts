import { OperandError } from "../../errors.ts";
import { float, type Lowering } from "../../ir/lowering.ts";
import type { TensorType } from "../../ir/types.ts";
import { IGNORED_LABEL } from "../nn/cross-entropy.ts";
import type { VocabularyAttrs } from "./vocabulary-logits.ts";

/** Settings of a loss over a vocabulary. */
export interface TokenLossAttrs extends VocabularyAttrs {
  /** Parts that the vocabulary is cut into: a `chunks`-th of the logits is in memory at a time. */
  readonly chunks: number;
  /** Label smoothing ε: part of the target that the whole vocabulary shares equally. Absent: 0. */
  readonly smoothing?: number;
}

/** The operands of an output layer; `labels` where they are asked for. `w` may be in half precision, the others are not. */
export interface LayerOperands<T> {
  readonly x: T;
  readonly w: T;
  readonly labels?: T | undefined;
  readonly bias?: T | undefined;
}

/** @throws {OperandError} when shapes do not fit each other, or `chunks` is no count. */
export function checkLayer(op: string, { x, w, labels, bias }: LayerOperands<TensorType>, attrs: TokenLossAttrs): void {
  const [rows, hidden] = x.shape;
  const fits =
    x.shape.length === 2 &&
    w.shape.length === 2 &&
    w.shape[1] === hidden &&
    (labels?.shape ?? [rows]).join() === `${rows}` &&
    (bias?.shape ?? [w.shape[0]]).join() === `${w.shape[0]}`;
  if (!fits) {
    const given = Object.entries({ x, w, labels, bias }).flatMap(([name, type]) =>
      type ? [`${name} [${type.shape}]`] : [],
    );
    const wanted = "x [rows, hidden], w [vocab, hidden], labels [rows], bias [vocab]";
    throw new OperandError(op, `takes ${wanted}; got ${given.join(", ")}`);
  }
  if (!Number.isInteger(attrs.chunks) || attrs.chunks < 1) {
    throw new OperandError(op, `chunks is ${attrs.chunks}; it must be a whole number, 1 or more`);
  }
}

/** The nearly equal parts that a vocabulary is cut into: first entry, and first no longer in it. None is empty. */
export function chunksOf(vocab: number, chunks: number): [start: number, end: number][] {
  const count = Math.min(chunks, vocab);
  const bound = (i: number): number => Math.floor((vocab * i) / count);
  return Array.from({ length: count }, (_, i) => [bound(i), bound(i + 1)]);
}

/** Names of lowered logits and, under a softcap, of the tangents `logits / softcap`. */
export interface LoweredLogits {
  readonly logits: string;
  readonly tanh?: string;
}

/** The ONNX form of `x·wᵀ + bias`, bent by the softcap. */
export function lowerLogits(to: Lowering, { x, w, bias }: LayerOperands<string>, softcap?: number): LoweredLogits {
  const inputs = bias === undefined ? [x, w] : [x, w, bias];
  if (softcap === undefined) return { logits: to.node("Gemm", inputs, { attrs: { transB: 1 } }) };
  const by = float(1 / softcap);
  const tanh = to.node("Tanh", [to.node("Gemm", inputs, { attrs: { transB: 1, alpha: by, beta: by } })]);
  return { logits: to.node("Mul", [tanh, to.scalar(softcap)]), tanh };
}

/** `x · (1 − tanh²)`; `x` itself without a softcap. */
export function lowerSoftcapDerivative(to: Lowering, x: string, tanh: string | undefined): string {
  if (tanh === undefined) return x;
  return to.node("Mul", [x, to.node("Sub", [to.scalar(1), to.node("Mul", [tanh, tanh])])]);
}

/** Labels as columns `[rows, 1]`: which of them are left out, and an entry of the vocabulary for each, 0 for those. */
export function lowerLabels(to: Lowering, labels: string): { readonly ignored: string; readonly index: string } {
  const column = to.node("Unsqueeze", [labels, to.ints([1])]);
  const ignored = to.node("Equal", [column, to.constant("int64", [], [IGNORED_LABEL])]);
  return { ignored, index: to.node("Where", [ignored, to.constant("int64", [], [0]), column]) };
}
