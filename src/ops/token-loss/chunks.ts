import type { Lowering } from "../../ir/lowering.ts";
import type { DType, TensorType } from "../../ir/types.ts";
import { lowerUpcast } from "../quantized/upcast.ts";
import {
  chunksOf,
  type LayerOperands,
  lowerLabels,
  lowerLogits,
  lowerSoftcapDerivative,
  type TokenLossAttrs,
} from "./layer.ts";

/** Reductions of each row's logits: the label's loss, that loss's gradient by `x`, the greatest entry. */
export type Question = "loss" | "gradient" | "choice";

/** State of each row after some chunks of the vocabulary: columns `[rows, 1]`, but for `weighted`. */
interface Found {
  /** The greatest logit. */
  readonly top: string;
  /** The entry that has it. */
  readonly choice?: string | undefined;
  /** The label's logit, once its chunk was seen. */
  readonly own?: string | undefined;
  /** `Σ exp(logit − top)`. */
  readonly sum?: string | undefined;
  /** `Σ exp(logit − top) · w[entry]`, `[rows, hidden]`. */
  readonly weighted?: string | undefined;
}

/** A part of an output layer: some entries of the vocabulary, from `start` up to `end`. */
interface Chunk extends LayerOperands<string> {
  readonly start: number;
  readonly end: number;
}

/**
 * Goes through the vocabulary and finds what `asked` needs, as attention goes through its keys: sums are kept relative
 * to the greatest logit so far. A chunk is cut out of `w`, and upcast, only when all that reads the one before is done.
 * @param type Of `w`.
 * @see Milakov and Gimelshein 2018, arXiv:1805.02867, section 3.
 */
export function lowerVocabulary(
  to: Lowering,
  layer: LayerOperands<string>,
  type: TensorType,
  asked: ReadonlySet<Question>,
  { chunks, softcap }: TokenLossAttrs,
): Found {
  let found: Found | undefined;
  for (const [start, end] of chunksOf(type.shape[0] as number, chunks)) {
    const done = [found?.choice, found?.own, found?.sum, found?.weighted].filter((name) => name !== undefined);
    const begin = done.reduce((at, name) => lowerOnce(to, at, name), to.ints([start]));
    const cut = (whole: string): string => to.node("Slice", [whole, begin, to.ints([end])]);
    const chunk = {
      ...layer,
      w: lowerUpcast(to, cut(layer.w), type.dtype),
      bias: layer.bias && cut(layer.bias),
      start,
      end,
    };
    found = lowerChunk(to, chunk, asked, softcap, found);
  }
  return found as Found;
}

/** The ONNX form of one answer, from what was found in the whole vocabulary. @param dtype Of `w`. */
export function lowerReduction(
  to: Lowering,
  question: Question,
  { w, labels = "" }: LayerOperands<string>,
  dtype: DType,
  { top, choice = "", own = "", sum = "", weighted = "" }: Found,
  softcap: number | undefined,
): string {
  const flat = (column: string): string => to.node("Squeeze", [column, to.ints([1])]);
  if (question === "choice") return flat(choice);
  const { ignored, index } = lowerLabels(to, labels);
  const kept = (x: string): string => to.node("Where", [ignored, to.scalar(0), x]);
  if (question === "loss") return flat(kept(to.node("Add", [to.node("Sub", [top, own]), to.node("Log", [sum])])));
  const tanh = softcap === undefined ? undefined : to.node("Mul", [own, to.scalar(1 / softcap)]);
  const away = lowerSoftcapDerivative(to, lowerUpcast(to, to.node("Gather", [w, flat(index)]), dtype), tanh);
  return kept(to.node("Sub", [to.node("Div", [weighted, sum]), away]));
}

function lowerChunk(
  to: Lowering,
  chunk: Chunk,
  asked: ReadonlySet<Question>,
  softcap: number | undefined,
  before: Found | undefined,
): Found {
  const { logits, tanh } = lowerLogits(to, chunk, softcap);
  const peak = to.node("ReduceMax", [logits, to.ints([1])]);
  const top = before ? to.node("Max", [before.top, peak]) : peak;
  const choice = asked.has("choice") ? lowerChoice(to, logits, peak, chunk, before) : undefined;
  if (chunk.labels === undefined) return { top, choice };

  const own = lowerOwn(to, logits, chunk.labels, chunk, before);
  const powers = to.node("Exp", [to.node("Sub", [logits, top])]);
  const shrink = before && to.node("Exp", [to.node("Sub", [before.top, top])]);
  const earlier = (sum: string | undefined): string[] => (shrink && sum ? [to.node("Mul", [sum, shrink])] : []);
  const sum = to.node("Sum", [to.node("ReduceSum", [powers, to.ints([1])]), ...earlier(before?.sum)]);
  if (!asked.has("gradient")) return { top, choice, own, sum };
  const weighted = to.node("Gemm", [lowerSoftcapDerivative(to, powers, tanh), chunk.w, ...earlier(before?.weighted)]);
  return { top, choice, own, sum, weighted };
}

function lowerChoice(to: Lowering, logits: string, peak: string, { start }: Chunk, before: Found | undefined): string {
  const best = to.node("Add", [to.node("ArgMax", [logits], { attrs: { axis: 1 } }), to.ints([start])]);
  return before?.choice === undefined
    ? best
    : to.node("Where", [to.node("Greater", [peak, before.top]), best, before.choice]);
}

function lowerOwn(
  to: Lowering,
  logits: string,
  labels: string,
  { start, end }: Chunk,
  before: Found | undefined,
): string {
  const at = to.node("Sub", [lowerLabels(to, labels).index, to.ints([start])]);
  const reached = to.node("GreaterOrEqual", [at, to.ints([0])]);
  const here = to.node("And", [reached, to.node("Less", [at, to.ints([end - start])])]);
  const place = to.node("Where", [here, at, to.ints([0])]);
  const own = to.node("GatherElements", [logits, place], { attrs: { axis: 1 } });
  return before?.own === undefined ? own : to.node("Where", [here, own, before.own]);
}

/** `at`, known only once `result` is: 0 or 1, read off an element of it if it has any, times 0 is added. */
export function lowerOnce(to: Lowering, at: string, result: string): string {
  const first = to.node("Slice", [to.node("Reshape", [result, to.ints([-1])]), to.ints([0]), to.ints([1])]);
  const bit = to.node("Cast", [to.node("Cast", [first], { attrs: { to: 9 } })], { attrs: { to: 7 } });
  return to.node("Add", [at, to.node("Mul", [to.node("ReduceSum", [bit, to.ints([0])]), to.ints([0])])]);
}
