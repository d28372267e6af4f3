import type { Lowering } from "../../ir/lowering.ts";
import type { TensorType } from "../../ir/types.ts";
import { lowerUpcast } from "../quantized/upcast.ts";
import {
  chunksOf,
  type LayerOperands,
  lowerLabels,
  lowerLogits,
  lowerSoftcapDerivative,
  type TokenLossAttrs,
} from "./layer.ts";

/** Reductions of each row's logits: the label's loss, that loss's gradient by `x`, the greatest entry, `log Σ exp(logits)`. */
export type Question = "loss" | "gradient" | "choice" | "logSumExp";

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
  /** `Σ logit`, with label smoothing. */
  readonly total?: string | undefined;
  /** `Σ w[entry]`, each times the derivative of its logit, with label smoothing: `[rows, hidden]`, without a softcap `[1, hidden]`. */
  readonly uniform?: string | undefined;
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
  attrs: TokenLossAttrs,
): Found {
  let found: Found | undefined;
  for (const [start, end] of chunksOf(type.shape[0] as number, attrs.chunks)) {
    const { choice, own, sum, weighted, total, uniform } = found ?? ({} as Partial<Found>);
    const done = [choice, own, sum, weighted, total, uniform].filter((name) => name !== undefined);
    const cut = (whole: string): string => to.node("SliceAfter", [whole, ...done], { attrs: { start, end } });
    const chunk = {
      ...layer,
      w: lowerUpcast(to, cut(layer.w), type.dtype),
      bias: layer.bias && cut(layer.bias),
      start,
      end,
    };
    found = lowerChunk(to, chunk, asked, attrs, found);
  }
  return found as Found;
}

/** The ONNX form of one answer, from what was found in the whole vocabulary. @param type Of `w`. */
export function lowerReduction(
  to: Lowering,
  question: Question,
  { w, labels = "" }: LayerOperands<string>,
  { shape, dtype }: TensorType,
  { top, choice = "", own = "", sum = "", weighted = "", total = "", uniform = "" }: Found,
  { softcap, smoothing }: TokenLossAttrs,
): string {
  const flat = (column: string): string => to.node("Squeeze", [column, to.ints([1])]);
  if (question === "choice") return to.node("EntryIds", [choice]);
  if (question === "logSumExp") return flat(to.node("Add", [top, to.node("Log", [sum])]));
  const share = (smoothing ?? 0) / (shape[0] as number);
  const { ignored, index } = lowerLabels(to, labels);
  const kept = (x: string): string => to.node("Where", [ignored, to.scalar(0), x]);
  if (question === "loss") {
    const loss = to.node("Add", [to.node("Sub", [top, own]), to.node("Log", [sum])]);
    if (!smoothing) return flat(kept(loss));
    const mean = to.node("Sub", [
      to.node("Mul", [own, to.scalar(smoothing)]),
      to.node("Mul", [total, to.scalar(share)]),
    ]);
    return flat(kept(to.node("Add", [loss, mean])));
  }
  const tanh = softcap === undefined ? undefined : to.node("Mul", [own, to.scalar(1 / softcap)]);
  const away = lowerSoftcapDerivative(to, lowerUpcast(to, to.node("Gather", [w, flat(index)]), dtype), tanh);
  const expected = to.node("Div", [weighted, sum]);
  if (!smoothing) return kept(to.node("Sub", [expected, away]));
  const targets = to.node("Add", [
    to.node("Mul", [away, to.scalar(1 - smoothing)]),
    to.node("Mul", [uniform, to.scalar(share)]),
  ]);
  return kept(to.node("Sub", [expected, targets]));
}

function lowerChunk(
  to: Lowering,
  chunk: Chunk,
  asked: ReadonlySet<Question>,
  { softcap, smoothing }: TokenLossAttrs,
  before: Found | undefined,
): Found {
  const { logits, tanh } = lowerLogits(to, chunk, softcap);
  const peak = to.node("ReduceMax", [logits, to.ints([1])]);
  const top = before ? to.node("Max", [before.top, peak]) : peak;
  const choice = asked.has("choice") ? lowerChoice(to, logits, peak, chunk, before) : undefined;
  if (!["loss", "gradient", "logSumExp"].some((question) => asked.has(question as Question))) return { top, choice };

  const own = chunk.labels === undefined ? undefined : lowerOwn(to, logits, chunk.labels, chunk, before);
  const powers = to.node("Exp", [to.node("Sub", [logits, top])]);
  const shrink = before && to.node("Exp", [to.node("Sub", [before.top, top])]);
  const earlier = (sum: string | undefined): string[] => (shrink && sum ? [to.node("Mul", [sum, shrink])] : []);
  const sum = to.node("Sum", [to.node("ReduceSum", [powers, to.ints([1])]), ...earlier(before?.sum)]);
  const added = (sum: string | undefined, part: string): string => (sum ? to.node("Add", [sum, part]) : part);
  const total =
    smoothing && asked.has("loss") ? added(before?.total, to.node("ReduceSum", [logits, to.ints([1])])) : undefined;
  if (!asked.has("gradient")) return { top, choice, own, sum, total };
  const weighted = to.node("Gemm", [lowerSoftcapDerivative(to, powers, tanh), chunk.w, ...earlier(before?.weighted)]);
  const uniform = smoothing ? added(before?.uniform, lowerUniform(to, chunk.w, tanh)) : undefined;
  return { top, choice, own, sum, weighted, total, uniform };
}

/** Sum of a chunk's entries of `w`, each times the derivative of its logit under a softcap. */
function lowerUniform(to: Lowering, w: string, tanh: string | undefined): string {
  if (tanh === undefined) return to.node("ReduceSum", [w, to.ints([0])]);
  return to.node("Gemm", [lowerSoftcapDerivative(to, to.scalar(1), tanh), w]);
}

function lowerChoice(
  to: Lowering,
  logits: string,
  peak: string,
  { start, end }: Chunk,
  before: Found | undefined,
): string {
  const sofar = before?.choice === undefined ? [] : [before.top, before.choice];
  return to.node("GreatestEntry", [logits, peak, ...sofar], { attrs: { start, end } });
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
