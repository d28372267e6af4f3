import type { OnnxAttr, OnnxFloat } from "../ir/lowering.ts";
import type { Override } from "./override.ts";

/**
 * The operators of the forward pass that are ONNX Runtime's own, in those of the standard. They are written as its
 * optimizer looks for them, so that on a CPU most become one node again.
 * @see https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const STANDARD_OVERRIDES = {
  Gelu(to, [x = ""]) {
    const cdf = to.node("Add", [to.node("Erf", [to.node("Div", [x, to.scalar(Math.SQRT2)])]), to.scalar(1)]); // 2Φ
    return to.node("Mul", [to.node("Mul", [x, cdf]), to.scalar(0.5)]);
  },

  FastGelu(to, [x = ""]) {
    const cubic = to.node("Mul", [to.node("Pow", [x, to.scalar(3)]), to.scalar(0.044715)]);
    const inner = to.node("Mul", [to.node("Add", [x, cubic]), to.scalar(Math.sqrt(2 / Math.PI))]);
    const twice = to.node("Add", [to.node("Tanh", [inner]), to.scalar(1)]);
    return to.node("Mul", [to.node("Mul", [x, to.scalar(0.5)]), twice]);
  },

  /** Matrix product; of four dims where the types do not say, as in attention. The scale goes to the side that is narrow while text is generated. */
  FusedMatMul(to, [a = "", b = ""], { attrs: { transA, transB, alpha }, types }) {
    const rank = types.find((type) => type)?.shape.length ?? 4;
    const perm = Array.from({ length: rank }, (_, axis) => axis)
      .with(-2, rank - 1)
      .with(-1, rank - 2);
    const transposed = (x: string, flag: OnnxAttr | undefined): string =>
      flag === 1 ? to.node("Transpose", [x], { attrs: { perm } }) : x;
    const by = (alpha as OnnxFloat).float;
    const scaled = by === 1 ? a : to.node("Mul", [a, to.scalar(by)]);
    return to.node("MatMul", [transposed(scaled, transA), transposed(b, transB)]);
  },

  SimplifiedLayerNormalization(to, [x = "", w = ""], { attrs: { epsilon } }) {
    const mean = to.node("ReduceMean", [to.node("Pow", [x, to.scalar(2)]), to.ints([-1])], { attrs: { keepdims: 1 } });
    const rms = to.node("Sqrt", [to.node("Add", [mean, to.scalar((epsilon as OnnxFloat).float)])]);
    return to.node("Mul", [to.node("Div", [x, rms]), w]);
  },

  /** Rotary embedding of one sequence `x [1, rows, heads·headDim]` from place 0 on, `cos` and `sin` `[rows, half]`. */
  RotaryEmbedding(to, [x = "", , cos = "", sin = ""], { attrs: { num_heads, rotary_embedding_dim } }) {
    const heads = to.node("Reshape", [x, to.ints([0, 0, num_heads as number, -1])]);
    const columns = (from: number, end: number): string =>
      to.node("Slice", [heads, to.ints([from]), to.ints([end]), to.ints([3])]);
    const dims = rotary_embedding_dim as number | undefined;
    const rotatedShape = dims === undefined ? heads : columns(0, dims);
    const half = (i: number): string => to.output(i, "Split", [rotatedShape], { attrs: { axis: 3, num_outputs: 2 } });
    const times = (x: string, by: string): string => to.node("Mul", [x, to.node("Unsqueeze", [by, to.ints([1])])]);
    const transposed = [
      to.node("Sub", [times(half(0), cos), times(half(1), sin)]),
      to.node("Add", [times(half(1), cos), times(half(0), sin)]),
    ];
    if (dims !== undefined) transposed.push(columns(dims, END));
    return to.node("Reshape", [to.node("Concat", transposed, { attrs: { axis: 3 } }), to.ints([0, 0, -1])]);
  },

  /** Half floats have their own type here. */
  BitCast: (_, [x = ""]) => x,
} satisfies Readonly<Record<string, Override>>;

/** The end of any axis. */
const END = 2 ** 31 - 1;
