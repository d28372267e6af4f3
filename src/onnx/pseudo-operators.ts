import type { Lowering, PseudoOperator } from "../ir/lowering.ts";
import { ELEMENT_NUMBERS } from "./element-numbers.ts";
import type { Override } from "./override.ts";

const { BOOL, FLOAT, INT64 } = ELEMENT_NUMBERS;

/** The pseudo-operators as ONNX Runtime's CPU provider computes them best. */
export const PSEUDO_OPERATORS: Readonly<Record<PseudoOperator, Override>> = {
  /**
   * Reshaped to its own shape plus a zero that takes an element of `after` to know. No element of `x` is copied. (A shape that
   * depended on the shape of `after` alone would be folded away.)
   */
  Barrier(to, [x = "", after = "", past], { attrs: { rank } }) {
    const hidden = (shape: string): string =>
      past === undefined ? shape : to.node("Slice", [shape, to.ints([0]), past]);
    const first = to.node("Reshape", [lowerCorner(to, after, rank as number), hidden(to.ints([-1]))]);
    const known = to.node("Cast", [to.node("IsNaN", [first])], { attrs: { to: INT64 } });
    const nothing = to.node("Mul", [known, to.ints([0])]);
    return to.node("Reshape", [x, hidden(to.node("Add", [to.node("Shape", [x]), nothing]))]);
  },

  SliceAfter(to, [x = "", ...after], { attrs: { start, end } }) {
    const begin = after.reduce((at, result) => lowerOnce(to, at, result), to.ints([start as number]));
    return to.node("Slice", [x, begin, to.ints([end as number])]);
  },

  /** The second output of what computes the normalization. */
  InverseRms: (to, inputs, { attrs }) => to.output(1, "SimplifiedLayerNormalization", inputs, { attrs }),

  RotaryAngles(to, [positions = "", frequencies = "", beyond], { attrs: { length } }) {
    const positionIds = to.node("Unsqueeze", [to.node("Cast", [positions], { attrs: { to: FLOAT } }), to.ints([1])]);
    if (beyond === undefined) return to.node("Mul", [positionIds, frequencies]);
    const farthest = to.node("ReduceMax", [positionIds], { attrs: { keepdims: 0 } });
    const isBeyond = to.node("GreaterOrEqual", [farthest, to.scalar(length as number)]);
    return to.node("Mul", [positionIds, to.node("Where", [isBeyond, beyond, frequencies])]);
  },

  Indicator: (to, [condition = ""]) => to.node("Cast", [condition], { attrs: { to: INT64 } }),

  BlockBoundary: (to, [seq = ""], { attrs: { block, blocks } }) =>
    lowerBoundary(to, seq, block as number, blocks as number),

  BlockStart: (_, [start = ""]) => start,

  BlockEnd: (_, [end = ""]) => end,

  JoinBlocks: (to, [, ...blocks]) => to.node("Concat", blocks, { attrs: { axis: 2 } }),

  GreatestEntry(to, [logits = "", peak = "", top, entry = ""], { attrs: { start } }) {
    const best = to.node("Add", [to.node("ArgMax", [logits], { attrs: { axis: 1 } }), to.ints([start as number])]);
    return top === undefined ? best : to.node("Where", [to.node("Greater", [peak, top]), best, entry]);
  },

  EntryIds: (to, [entry = ""]) => to.node("Squeeze", [entry, to.ints([1])]),

  UpcastHalf: (to, [x = ""], { attrs: { from } }) =>
    to.node("Cast", [to.node("BitCast", [x], { attrs: { to: from as number } })], { attrs: { to: FLOAT } }),

  UpcastInt8: (to, [x = ""]) => to.node("Cast", [x], { attrs: { to: FLOAT } }),

  DequantizeRows: (to, inputs) => to.node("DequantizeLinear", inputs, { attrs: { axis: 0 } }),
};

/** `⌈seq · block / blocks⌉`. */
export function lowerBoundary(to: Lowering, seq: string, block: number, blocks: number): string {
  const up = to.node("Add", [to.node("Mul", [seq, to.ints([block])]), to.ints([blocks - 1])]);
  return to.node("Div", [up, to.ints([blocks])]);
}

/** The first element of `x`, with as many dims as that has. */
export function lowerCorner(to: Lowering, x: string, rank: number): string {
  const each = (value: number): string => to.ints(new Array<number>(rank).fill(value));
  return to.node("Slice", [x, each(0), each(1)]);
}

/** The first element of `x`, whatever its rank, as a vector; an empty one where it has none. */
export const lowerFirstIfAny = (to: Lowering, x: string): string =>
  to.node("Slice", [to.node("Reshape", [x, to.ints([-1])]), to.ints([0]), to.ints([1])]);

/** `at`, known only once `result` is: 0 or 1, read off an element of it if it has any, times 0 is added. */
function lowerOnce(to: Lowering, at: string, result: string): string {
  const bit = to.node("Cast", [to.node("Cast", [lowerFirstIfAny(to, result)], { attrs: { to: BOOL } })], {
    attrs: { to: INT64 },
  });
  return to.node("Add", [at, to.node("Mul", [to.node("ReduceSum", [bit, to.ints([0])]), to.ints([0])])]);
}
