import { elementBytes } from "../element-types.ts";
import {
  broadcast,
  concat,
  elementwise,
  gather,
  matrixProduct,
  pad,
  reduction,
  reshape,
  type ShapeRule,
  slice,
  squeeze,
  times,
  unsqueeze,
} from "./shape-moves.ts";
import { facts, integer, integers } from "./tensor-facts.ts";

const likeFirst: ShapeRule = (_, [{ shape, size }]) => [facts(shape, size)];
const comparison = elementwise(undefined, 1);

const cast: ShapeRule = (node, [{ shape, values }]) => [facts(shape, elementBytes(integer(node, "to", 1)), values)];

/** A normalisation, and the figures of its rows. */
const normalization: ShapeRule = (_, [{ shape, size }]) => {
  const rows = facts([...shape.slice(0, -1), 1], size);
  return [facts(shape, size), rows, rows];
};

/** Values, and their places in the last dim. */
const topK: ShapeRule = (_, [{ shape, size }, count]) => {
  const kept = shape.with(-1, count?.values?.[0] ?? 0);
  return [facts(kept, size), facts(kept, 8)];
};

const range: ShapeRule = (_, [from, to, step]) => {
  const [start = 0, end = 0, by = 1] = [from, to, step].map((one) => one?.values?.[0]);
  return [facts([Math.max(0, Math.ceil((end - start) / by))], from.size)];
};

/** Shape rules of the ONNX ops that graphs are lowered to. */
export const SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  Abs: likeFirst,
  Add: elementwise((a, b) => (a as number) + (b as number)),
  And: comparison,
  ArgMax: (node, inputs) => reduction(node, inputs).map(({ shape }) => facts(shape, 8)),
  BitCast: cast,
  Cast: cast,
  Concat: concat,
  ConstantOfShape: (_, [shape]) => [facts(shape.values ?? [], 4)],
  Cos: likeFirst,
  CumSum: likeFirst,
  DequantizeLinear: (_, [{ shape }]) => [facts(shape, 4)],
  Div: elementwise((a, b) => Math.trunc((a as number) / (b as number))),
  Equal: comparison,
  Erf: likeFirst,
  Exp: likeFirst,
  Expand: (_, [x, shape]) => [facts(broadcast([x.shape, shape?.values ?? []]), x.size)],
  FastGelu: likeFirst,
  FusedMatMul: matrixProduct,
  Gather: gather,
  GatherElements: (_, [x, index]) => [facts(index?.shape ?? [], x.size)],
  Gelu: likeFirst,
  Gemm: matrixProduct,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Identity: likeFirst,
  IsNaN: comparison,
  LayerNormalization: normalization,
  Less: comparison,
  Log: likeFirst,
  LogSoftmax: likeFirst,
  MatMul: matrixProduct,
  MatMulBnb4: (node, [{ shape, size }]) => [facts(shape.with(-1, integer(node, "N", 0)), size)],
  Max: elementwise(Math.max),
  Min: elementwise(Math.min),
  Mul: times,
  Neg: likeFirst,
  Not: likeFirst,
  OneHot: (_, [index, depth, values]) => [facts([...index.shape, depth?.values?.[0] ?? 0], values?.size ?? 4)],
  Or: comparison,
  Pad: pad,
  Range: range,
  Reciprocal: likeFirst,
  ReduceL2: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: likeFirst,
  Reshape: reshape,
  RotaryEmbedding: likeFirst,
  ScatterND: likeFirst,
  Shape: (_, [{ shape }]) => [facts([shape.length], 8, shape)],
  Sigmoid: likeFirst,
  Sign: likeFirst,
  SimplifiedLayerNormalization: normalization,
  Sin: likeFirst,
  Slice: slice,
  Softmax: likeFirst,
  SoftmaxCrossEntropyLoss: (_, [{ size }]) => [facts([], size)],
  Sqrt: likeFirst,
  Squeeze: squeeze,
  Sub: elementwise((a, b) => (a as number) - (b as number)),
  Sum: elementwise((...terms) => terms.reduce((a, b) => a + b, 0)),
  Tanh: likeFirst,
  TopK: topK,
  Transpose: (node, [{ shape, size }]) => [facts(integers(node, "perm").map((axis) => shape[axis] as number), size)], // biome-ignore format: a table
  Unsqueeze: unsqueeze,
  Where: elementwise(),
  Xor: comparison,
};
