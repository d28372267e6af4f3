import type { Lowering, OnnxFloat } from "../ir/lowering.ts";
import type { DType } from "../ir/types.ts";
import { ELEMENT_NUMBERS } from "./element-numbers.ts";
import type { Overrides } from "./override.ts";
import { lowerBoundary, lowerCorner, lowerFirstIfAny, PSEUDO_OPERATORS } from "./pseudo-operators.ts";
import { lowerSine } from "./sine.ts";
import { STANDARD_OVERRIDES } from "./standard-overrides.ts";

const { BOOL, FLOAT, FLOAT16, INT32, INT64 } = ELEMENT_NUMBERS;

/** More than any entry of a vocabulary. */
const NO_ENTRY = 2 ** 30;

/**
 * Operators that ONNX Runtime's WebGPU provider lacks or computes wrongly, and those that would copy values from the device
 * to the host in the middle of a run, in operators that it has.
 *
 * Masks and shapes come from integer inputs. They have no kernels on the device, stay on the host, and are uploaded once a
 * run. So boolean operators are written in those without kernels, too: a mask that went to the device and back would stall it.
 */
export const WEBGPU_OVERRIDES = {
  RotaryAngles: PSEUDO_OPERATORS.RotaryAngles,

  FusedMatMul: STANDARD_OVERRIDES.FusedMatMul,

  /**
   * A zero that takes an element of `after` to know is added. Bytes become integers, which all that reads codes and masks takes.
   * Indices stay on the host, as they are.
   */
  Barrier(to, [x = "", after = ""], { attrs: { rank, dtype } }) {
    if (dtype === "int64") return x;
    const first = to.node("Reshape", [lowerCorner(to, after, rank as number), to.ints([-1])]);
    if (dtype === "float32") return to.node("Add", [x, lowerNothing(to, first, FLOAT)]);
    return to.node("Add", [cast(to, x, INT32), lowerNothing(to, first, INT32)]);
  },

  /** Rows are gathered: their indices, unlike the start of a slice, may depend on values without a copy to the host. */
  SliceAfter(to, [x = "", ...after], { attrs, types: [type] }) {
    const [start, end] = [attrs.start as number, attrs.end as number];
    if (after.length === 0 && end - start === type?.shape[0]) return x;
    const rows = table(to, "int32", end - start, (i) => start + i);
    const late = after.reduce((rows, result) => {
      const unknown = lowerNothing(to, lowerFirstIfAny(to, result), FLOAT);
      const nothing = to.node("ReduceSum", [unknown, to.ints([0])], { attrs: { keepdims: 0 } });
      return to.node("Add", [rows, cast(to, nothing, INT32)]);
    }, rows);
    return to.node("Gather", [x, late]);
  },

  /** Not the second output of `SimplifiedLayerNormalization`, which holds the mean there. */
  InverseRms(to, [x = ""], { attrs: { epsilon } }) {
    const mean = to.node("ReduceMean", [to.node("Mul", [x, x]), to.ints([-1])], { attrs: { keepdims: 1 } });
    const rms = to.node("Sqrt", [to.node("Add", [mean, to.scalar((epsilon as OnnxFloat).float)])]);
    return to.node("Reciprocal", [rms]);
  },

  Cos: (to, [angles = ""]) => lowerSine(to, angles, 1),
  Sin: (to, [angles = ""]) => lowerSine(to, angles, 0),

  /** Not a cast, which has a kernel: masks stay on the host. */
  Indicator: (to, [condition = ""]) =>
    to.node("Where", [condition, to.constant("int64", [], [1]), to.constant("int64", [], [0])]),

  /** Boundary of a block; where there are fewer rows than blocks, only the last blocks have none. */
  BlockBoundary(to, [seq = ""], { attrs: { block, blocks } }) {
    const least = to.node("Min", [to.ints([block as number]), seq]);
    return to.node("Max", [lowerBoundary(to, seq, block as number, blocks as number), least]);
  },

  /** Kernels of softmax and sums refuse tensors without elements. */
  BlockStart: (to, [start = "", seq = ""]) => to.node("Min", [start, to.node("Sub", [seq, to.ints([1])])]),

  BlockEnd: (to, [end = "", start = ""]) => to.node("Max", [end, to.node("Add", [start, to.ints([1])])]),

  /** Rows of all blocks; those that stand for blocks without rows come behind them, and are cut off. */
  JoinBlocks: (to, [seq = "", ...blocks]) =>
    to.node("Slice", [to.node("Concat", blocks, { attrs: { axis: 2 } }), to.ints([0]), seq, to.ints([2])]),

  /** Entries are negative numbers in float32, so that of equal logits the first is the greatest; up to 2²⁴ they are exact. */
  GreatestEntry(to, [logits = "", peak = "", top, entry = ""], { attrs }) {
    const [start, end] = [attrs.start as number, attrs.end as number];
    const columns = table(to, "float32", end - start, (i) => -i);
    const greatest = to.node("Where", [to.node("Equal", [logits, peak]), columns, to.scalar(-NO_ENTRY)]);
    const first = to.node("ReduceMax", [greatest, to.ints([1])], { attrs: { keepdims: 1 } });
    const best = to.node("Sub", [first, to.scalar(start)]);
    return top === undefined ? best : to.node("Where", [to.node("Greater", [peak, top]), best, entry]);
  },

  EntryIds: (to, [entry = ""]) => cast(to, to.node("Squeeze", [to.node("Neg", [entry]), to.ints([1])]), INT64),

  /** Two bytes a number, the low one first: each is looked up. Numbers below 2⁻¹²⁵, in bfloat16 only, become 0. */
  UpcastHalf(to, [bytes = ""], { attrs: { from } }) {
    const [low, high] = [0, 1].map((at) =>
      to.node("Gather", [bytes, to.constant("int64", [], [at])], { attrs: { axis: -1 } }),
    ) as [string, string];
    const look = (f: (byte: number) => number, byte: string): string => lookUp(to, byte, f);
    if (from !== FLOAT16) return to.node("Mul", [look(bfloat16High, high), look(bfloat16Low, low)]);
    const share = to.node("Mul", [look(float16Step, high), cast(to, low, FLOAT)]);
    return to.node("Add", [look(float16Start, high), share]);
  },

  UpcastInt8: (to, [bytes = ""]) => lookUp(to, bytes, signed),

  DequantizeRows: (to, [bytes = "", scales = ""]) =>
    to.node("Mul", [lookUp(to, bytes, signed), to.node("Unsqueeze", [scales, to.ints([1])])]),

  /** Masks times a scale: they are bytes or, behind a barrier, integers. */
  DequantizeLinear: (to, [x = "", scale = ""]) => to.node("Mul", [cast(to, x, FLOAT), scale]),

  /** Slices of bytes have no kernel. Those of masks are read as numbers. */
  Slice: (to, [x = "", ...rest], { types: [type] }) =>
    to.node("Slice", [type?.dtype === "uint8" ? cast(to, x, FLOAT) : x, ...rest]),

  And: (to, [a = "", b = ""]) => not(to, to.node("Or", [not(to, a), not(to, b)])),
  Not: (to, [a = ""]) => not(to, a),

  Sign(to, [x = ""]) {
    const above = (a: string, b: string): string => cast(to, to.node("Greater", [a, b]), FLOAT);
    return to.node("Sub", [above(x, to.scalar(0)), above(to.scalar(0), x)]);
  },

  Sum: (to, terms) => terms.reduce((a, b) => to.node("Add", [a, b])),

  ConstantOfShape: (to, [shape = ""]) => to.node("Expand", [to.scalar(0), shape]),

  LogSoftmax: (to, [logits = ""]) => lowerLogSoftmax(to, logits),

  SoftmaxCrossEntropyLoss(to, [logits = "", labels = "", weights], { attrs: { ignore_index } }) {
    const ignored = to.node("Equal", [labels, to.constant("int64", [], [ignore_index as number])]);
    const kept = to.node("Where", [ignored, to.constant("int64", [], [0]), labels]);
    const column = (x: string): string => to.node("Unsqueeze", [x, to.ints([1])]);
    const own = to.node("GatherElements", [lowerLogSoftmax(to, logits), column(kept)], { attrs: { axis: 1 } });
    const loss = weights === undefined ? own : to.node("Mul", [own, column(to.node("Gather", [weights, kept]))]);
    const counted = to.node("Where", [column(ignored), to.scalar(0), to.node("Neg", [loss])]);
    return to.node("ReduceSum", [counted, to.ints([0, 1])], { attrs: { keepdims: 0 } });
  },
} satisfies Overrides;

const cast = (to: Lowering, x: string, type: number): string => to.node("Cast", [x], { attrs: { to: type } });

/** `not x` in an operator without a kernel on the device. */
const not = (to: Lowering, x: string): string => to.node("Xor", [x, to.constant("bool", [], [1])]);

/** Zeros in the shape of `x`, for which its values have to be known; whatever they are, a NaN too. */
const lowerNothing = (to: Lowering, x: string, type: number): string => {
  const zero = type === FLOAT ? to.scalar(0) : to.constant("int32", [], [0]);
  return to.node("Mul", [cast(to, cast(to, x, BOOL), type), zero]);
};

function lowerLogSoftmax(to: Lowering, logits: string): string {
  const [axis, keepdims] = [to.ints([-1]), { attrs: { keepdims: 1 } }];
  const below = to.node("Sub", [logits, to.node("ReduceMax", [logits, axis], keepdims)]);
  const sum = to.node("ReduceSum", [to.node("Exp", [below]), axis], keepdims);
  return to.node("Sub", [below, to.node("Log", [sum])]);
}

/** `f` of `0 … length − 1`. */
const table = (to: Lowering, dtype: DType, length: number, f: (i: number) => number): string =>
  to.constant(
    dtype,
    [length],
    Array.from({ length }, (_, i) => f(i)),
  );

/** `f` of each byte. */
const lookUp = (to: Lowering, bytes: string, f: (byte: number) => number): string =>
  to.node("Gather", [table(to, "float32", 256, f), cast(to, bytes, INT32)]);

const signed = (byte: number): number => (byte < 128 ? byte : byte - 256);

const signOf = (high: number): number => (high < 128 ? 1 : -1);

/** Exponent of a half float by its high byte; of numbers below the smallest normal one that of those. */
const float16Exponent = (high: number): number => Math.max(1, (high >> 2) & 31) - 15;

/** The half float whose low byte is 0. */
const float16Start = (high: number): number => {
  const leading = ((high >> 2) & 31) === 0 ? 0 : 4;
  return (signOf(high) * (leading + (high & 3)) * 2 ** float16Exponent(high)) / 4;
};

/** Distance of neighbours among half floats with that high byte. */
const float16Step = (high: number): number => (signOf(high) * 2 ** float16Exponent(high)) / 1024;

/** Sign and all bits of a bfloat16's exponent but the last, scaled so that neither factor leaves the range of float32. */
const bfloat16High = (high: number): number =>
  (high & 127) === 0 ? 0 : signOf(high) * 2 ** (2 * (high & 127) - 127 - 1);

/** Last bit of the exponent, and the significand, scaled the other way. */
const bfloat16Low = (low: number): number => 2 ** ((low >> 7) + 1) * (1 + (low & 127) / 128);
