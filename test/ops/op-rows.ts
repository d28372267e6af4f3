import type { Value } from "../../src/ir/graph.ts";
import * as ops from "../../src/ops/index.ts";
import type { Operand } from "./check.ts";

const T = "batch*seq";
const int64 = (shape: readonly (number | string)[], data: readonly number[]): Operand => ({
  dtype: "int64",
  shape,
  data,
});
const bytes = (shape: readonly (number | string)[], data: readonly number[]): Operand => ({
  dtype: "uint8",
  shape,
  data,
});
const mask = int64(["batch", "seq"], [1, 1, 1, 1, 1, 0]);
const ids = int64(["batch", "seq"], [4, 2, 1, 3, 2, 1]);
const places = int64([T], [7, 0, 1, 2, 400, 3]);
const rowsOf = (ids: Value, table: Value): Value => ops.embedding(ops.reshape(ids, { shape: [T] }), table, {});
const bits = (count: number): number[] => Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0 : 1));
const nibbles = (count: number): Operand =>
  bytes(
    [count],
    Array.from({ length: count }, (_, i) => (i * 37) % 256),
  );
const table = (count: number): Operand => ({
  dtype: "float32",
  shape: [count],
  data: Array.from({ length: count }, (_, i) => i / count - 0.5),
});
const NF4 = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]; // biome-ignore format: a table
const nf4: Operand = { dtype: "float32", shape: [16], data: NF4 };
const scales = (count: number): Operand => ({
  dtype: "float32",
  shape: [count],
  data: Array.from({ length: count }, (_, i) => 1 + i / 4),
});
/** Scales of `count` blocks, and offsets. */
const both = (count: number): Operand => ({
  ...scales(2 * count),
  shape: [2, count],
});
const signed: Operand = { dtype: "int8", shape: [12], data: [-128, 127, 0, -1, 5, 6, 7, 8, -9, 10, 11, 12] };
const packed = { type: "nf4", blockSize: 16, shape: [4, 8] } as const;
const heads = { heads: 2, scale: 0.7 };
const PAIRS = ["batch", 2, "seq", "seq"];

/** Values that either half type holds exactly. */
const half = (dtype: "float16" | "bfloat16"): Operand => ({
  dtype,
  shape: [2, 3],
  data: [0.5, -1.75, 0, 96, -0.0625, 3],
});

/** An op, how it is called, and on what. */
export type Row = readonly [
  op: string,
  f: (...xs: Value[]) => Value,
  operands: readonly Operand[],
  kind?: "forward only",
];

/** One row or more for each op: how it is called, on what. */
export const ROWS: readonly Row[] = [
  ["Add", (a, b) => ops.add(a!, b!), [[T, 4], [4]]],
  ["Sub", (a, b) => ops.sub(a!, b!), [[2, 3, 4], [3, 1]]],
  ["Mul", (a, b) => ops.mul(a!, b!), [[T, 4], [1, 4]]],
  ["Div", (a, b) => ops.div(a!, ops.add(ops.mul(b!, b!), ops.mul(b!, b!))), [[2, 3], [2, 1]]],
  ["Scale", (x) => ops.scale(x!, { by: -1.5 }), [[T, 4]]],
  ["Relu", (x) => ops.relu(x!), [[T, 4]]],
  ["ReluBackward", (dy, y) => ops.reluBackward(dy!, ops.relu(y!)), [[3, 4], [3, 4]], "forward only"],
  ["Tanh", (x) => ops.tanh(x!), [[T, 4]]],
  ["Silu", (x) => ops.silu(x!), [[T, 4]]],
  ["Gelu", (x) => ops.gelu(ops.scale(x!, { by: 3 })), [[T, 8]]],
  ["GeluBackward", (dy, x) => ops.geluBackward(dy!, x!), [[3, 4], [3, 4]], "forward only"],
  ["GeluTanh", (x) => ops.geluTanh(ops.scale(x!, { by: 3 })), [[T, 8]]],
  ["GeluTanhBackward", (dy, x) => ops.geluTanhBackward(dy!, x!), [[3, 4], [3, 4]], "forward only"],
  ["Reshape", (x) => ops.reshape(x!, { shape: ["batch", "seq", 2, 2] }), [[T, 4]]],
  ["Transpose", (x) => ops.transpose(x!, { perm: [2, 0, 1] }), [["batch", 3, 4]]],
  ["BroadcastLike", (x, like) => ops.broadcastLike(x!, ops.detach(like!)), [[1, 4], [T, 4]], "forward only"],
  ["ReduceSum", (x) => ops.reduceSum(x!, { axes: [0, 2] }), [["batch", 3, 4]]],
  ["Select", (x) => ops.select(x!, { axis: 1, index: 0 }), [["batch", "seq", 4]]],
  ["SelectBackward", (dy, x) => ops.selectBackward(dy!, x!, { axis: 1, index: 2 }), [["batch", 4], ["batch", "seq", 4]], "forward only"],
  ["Slice", (x) => ops.slice(x!, { axis: 1, start: 2, end: 5 }), [[T, 6]]],
  ["SliceBackward", (dy) => ops.sliceBackward(dy!, { axis: 1, start: 2, end: 5, length: 6 }), [[T, 3]]],
  ["Barrier", (x, after) => ops.barrier(x!, ops.detach(after!)), [[5, 4], [T, 2]], "forward only"],
  ["Detach", (x) => ops.detach(x!), [[T, 4]], "forward only"],
  ["Linear", (x, w, b) => ops.linear(x!, w!, b!), [[T, 4], [5, 4], [5]]],
  ["Linear", (x, w) => ops.linear(x!, w!), [[T, 4], [5, 4]]],
  ["MatMul", (a, b) => ops.matMul(a!, b!, {}), [[3, 4], [4, 2]]],
  ["MatMul", (a, b) => ops.matMul(a!, b!, { transA: true, alpha: 0.5 }), [[2, 4, 3], [2, 4, 5]]],
  ["MatMul", (a, b) => ops.matMul(a!, b!, { transB: true }), [[2, 3, 4], [2, 5, 4]]],
  ["MatMul", (a, b) => ops.matMul(a!, b!, { transA: true, transB: true, alpha: 2 }), [[4, 3], [5, 4]]],
  ["MatMul", (x) => ops.matMul(x!, x!, {}), [[3, 3]]],
  ["LayerNorm", (x, w, b) => ops.layerNorm(x!, w!, b!, { epsilon: 0.1 }), [[T, 8], [8], [8]]],
  ["LayerNorm", (x, w) => ops.layerNorm(x!, w!, undefined, { epsilon: 1e-5 }), [[T, 8], [8]]],
  ["Standardize", (x) => ops.standardize(x!, { epsilon: 0.1 }), [[T, 8]]],
  ["InverseStd", (x) => ops.inverseStd(x!, { epsilon: 0.1 }), [[T, 8]], "forward only"],
  ["StandardizeBackward", (dy, y) => ops.standardizeBackward(dy!, ops.standardize(y!, { epsilon: 0.1 }), ops.inverseStd(y!, { epsilon: 0.1 })), [[T, 8], [T, 8]], "forward only"],
  ["RmsNorm", (x, w) => ops.rmsNorm(x!, w!, { epsilon: 0.1 }), [[T, 8], [8]]],
  ["RmsNorm", (x, w) => ops.rmsNorm(x!, w!, { epsilon: 1e-6, offset: 1 }), [[T, 8], [8]]],
  ["RmsNorm", (x, w) => ops.rmsNorm(x!, w!, { epsilon: 0.1, offset: 1 }), [[T, 3, 8], [8]]],
  ["InverseRms", (x, w) => ops.inverseRms(x!, w!, { epsilon: 0.1 }), [[T, 8], [8]], "forward only"],
  ["RmsNormBackward", (dy, x, w, r) => ops.rmsNormBackward(dy!, x!, w!, r!, { epsilon: 0.1, offset: 1 }), [[T, 8], [T, 8], [8], [T, 1]], "forward only"],
  ["RmsNormWeightBackward", (dy, x, r) => ops.rmsNormWeightBackward(dy!, x!, r!), [[T, 3, 8], [T, 3, 8], [T, 3, 1]], "forward only"],
  ["Embedding", (rows, h) => ops.embedding(rows!, h!, {}), [int64([4], [5, 0, 2, 5]), [T, 8]]],
  ["Embedding", (ids, table) => ops.embedding(ids!, table!, {}), [int64([T], [4, 2, 1, 3, 2, 1]), [6, 4]]],
  ["EmbeddingBackward", (dy, ids, table) => ops.embeddingBackward(dy!, ids!, table!, { paddingIdx: 1 }), [[T, 4], int64([T], [4, 2, 1, 3, 2, 1]), [6, 4]], "forward only"],
  ["Positions", (ids) => ops.positions(ids!, { offset: 2 }), [ids]],
  ["PositionsAfterPadding", (ids) => ops.positionsAfterPadding(ids!, { paddingIdx: 1 }), [ids]],
  ["Dropout", (x, mask) => ops.dropout(x!, mask!, { keep: 0.8 }), [[T, 4], bytes([T, 4], bits(24))]],
  ["Attention", (q, k, v, mask) => ops.attention(q!, k!, v!, mask!, undefined, heads), [[T, 8], [T, 8], [T, 8], mask]],
  ["Attention", (q, k, v, mask) => ops.attention(q!, k!, v!, mask!, undefined, { ...heads, window: 1 }), [[T, 8], [T, 8], [T, 8], mask]],
  ["Attention", (q, k, v, mask, drop) => ops.attention(q!, k!, v!, mask!, drop!, { ...heads, keep: 0.6 }), [[T, 8], [T, 8], [T, 8], mask, bytes(["batch", 2, "seq", "seq"], bits(36))]],
  ["Attention", (q, k, v, mask) => ops.attention(q!, k!, v!, mask!, undefined, { ...heads, causal: true }), [[T, 8], [T, 8], [T, 8], mask]],
  ["Attention", (q, k, v, mask, drop) => ops.attention(q!, k!, v!, mask!, drop!, { heads: 4, kvHeads: 2, scale: 0.7, keep: 0.6, causal: true }), [[T, 8], [T, 4], [T, 4], mask, bytes(["batch", 4, "seq", "seq"], bits(72))]],
  ["AttentionBackward", (dy, q, k, v, mask, y) => ops.attentionBackward(dy!, q!, k!, v!, mask!, y!, undefined, { ...heads, of: "q" }), [[T, 8], [T, 8], [T, 8], [T, 8], mask, [T, 8]], "forward only"],
  ["BiasedAttention", (q, k, v, mask, bias) => ops.biasedAttention(q!, k!, v!, mask!, bias!, undefined, heads), [[T, 8], [T, 8], [T, 8], mask, PAIRS]],
  ["BiasedAttention", (q, k, v, mask, bias, drop) => ops.biasedAttention(q!, k!, v!, mask!, bias!, drop!, { ...heads, keep: 0.6 }), [[T, 8], [T, 8], [T, 8], mask, PAIRS, bytes(PAIRS, bits(36))]],
  ["BiasedAttentionBackward", (dy, q, k, v, mask, bias, y) => ops.biasedAttentionBackward(dy!, q!, k!, v!, mask!, bias!, y!, undefined, { ...heads, of: "bias" }), [[T, 8], [T, 8], [T, 8], [T, 8], mask, PAIRS, [T, 8]], "forward only"],
  ["RelativePositions", (mask) => ops.relativePositions(mask!, { span: 2, maxDistance: 2 }), [mask]],
  ["RelativePositions", (mask) => ops.relativePositions(mask!, { span: 4, maxDistance: 8, buckets: 4, reversed: true }), [mask]],
  ["RelativeScores", (x, table, mask) => ops.relativeScores(x!, table!, mask!, undefined, heads), [[T, 8], ["2*seq", 8], mask]],
  ["RelativeScores", (x, table, mask, plus) => ops.relativeScores(x!, table!, mask!, plus!, { ...heads, keys: true }), [[T, 8], ["2*seq", 8], mask, PAIRS]],
  ["RelativeScoresBackward", (dy, table, mask) => ops.relativeScoresBackward(dy!, table!, mask!, { ...heads, of: "x" }), [PAIRS, ["2*seq", 8], mask], "forward only"],
  ["RelativeScoresBackward", (dy, x, mask) => ops.relativeScoresBackward(dy!, x!, mask!, { ...heads, of: "table", keys: true }), [PAIRS, [T, 8], mask], "forward only"],
  ["AppendCache", (past, x) => ops.appendCache(past!, x!, { total: 5 }), [["batch", 2, "past", 4], [T, 8]], "forward only"],
  ["CachedAttention", (ids, table, keys, values, mask) => ops.cachedAttention(rowsOf(ids!, table!), keys!, values!, mask!, { heads: 4, kvHeads: 2, scale: 0.7, causal: true }), [ids, [6, 16], ["batch", 2, "total", 4], ["batch", 2, "total", 4], int64(["batch", "total"], [1, 1, 1, 1, 1, 0, 0, 1, 1, 1])], "forward only"],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1, 0.01, 0.001] }), [[T, 16], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1], scale: 1.2 }), [[T, 16], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1], beyond: { length: 400, frequencies: [0.5, 0.01] } }), [[T, 16], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.1], beyond: { length: 401, frequencies: [0.5, 0.01] } }), [[T, 16], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 1, frequencies: [1, 0.1, 0.01], backwards: true }), [[T, 6], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [0.5], scale: 0.8, backwards: true }), [[T, 6], places]],
  ["Rope", (x, at) => ops.rope(x!, at!, { heads: 2, frequencies: [1, 0.75, 0.5] }), [[T, 12], int64([T], [131071, 0, 100003, 65537, 12345, 99999])]],
  ["MaskedMean", (x, mask) => ops.maskedMean(x!, mask!), [[T, 4], mask]],
  ["MaskedMeanBackward", (dy, mask) => ops.maskedMeanBackward(dy!, mask!), [["batch", 4], mask], "forward only"],
  ["Linear4bit", (x, codes, absmax, book, bias) => ops.linear4bit(x!, codes!, absmax!, book!, bias, packed), [[T, 8], nibbles(16), scales(2), nf4, [4]]],
  ["Linear4bit", (x, codes, absmax, book) => ops.linear4bit(x!, codes!, absmax!, book!, undefined, { ...packed, shape: [3, 7] }), [[T, 7], nibbles(16), scales(2), nf4]],
  ["LinearScaled", (x, codes, by, bias) => ops.linearScaled(x!, codes!, by!, bias!, { bits: 4, blockSize: 4, shape: [4, 8] }), [[T, 8], nibbles(16), both(8), [4]]],
  ["LinearScaled", (x, codes, by) => ops.linearScaled(x!, codes!, by!, undefined, { bits: 4, blockSize: 8, shape: [4, 8] }), [[T, 8], nibbles(16), scales(4)]],
  ["LinearScaled", (x, codes, by) => ops.linearScaled(x!, codes!, by!, undefined, { bits: 8, blockSize: 4, shape: [3, 4] }), [[T, 4], signed, scales(3)]],
  ["DequantizeScaled", (codes, by) => ops.dequantizeScaled(codes!, by!, { bits: 4, blockSize: 4, shape: [4, 8] }), [nibbles(16), both(8)]],
  ["DequantizeScaled", (codes, by) => ops.dequantizeScaled(codes!, by!, { bits: 8, blockSize: 4, shape: [3, 4] }), [signed, scales(3)]],
  ["Dequantize4bit", (codes, absmax, book) => ops.dequantize4bit(codes!, absmax!, book!, packed), [nibbles(16), scales(2), nf4]],
  ["Dequantize4bit", (codes, absmax, book) => ops.dequantize4bit(codes!, absmax!, book!, { ...packed, shape: [3, 7] }), [nibbles(16), scales(2), nf4]],
  ["DequantizeBlockwise", (codes, absmax, offset, book) => ops.dequantizeBlockwise(codes!, absmax!, offset!, book!, { blockSize: 4 }), [nibbles(10), scales(3), scales(1), table(256)]],
  ["Linear8bit", (x, codes, absmax, bias) => ops.linear8bit(x!, codes!, absmax!, bias), [[T, 3], { dtype: "int8", shape: [4, 3], data: bits(12).map((b, i) => b * (i * 9 - 50)) }, scales(4), [4]]],
  ["Dequantize8bit", (codes, absmax) => ops.dequantize8bit(codes!, absmax!), [{ dtype: "int8", shape: [4, 3], data: bits(12).map((b, i) => b * (i * 9 - 50)) }, scales(4)]],
  ["RowNorm", (x) => ops.rowNorm(x!), [[3, 4]]],
  ["CrossEntropy", (logits, labels) => ops.crossEntropy(logits!, labels!, {}), [[T, 5], int64([T], [4, -100, 1, 0, 2, -100])]],
  ["CrossEntropy", (logits, labels) => ops.crossEntropy(logits!, labels!, { weights: [1, 0.5, 0, 2, 3] }), [[T, 5], int64([T], [4, -100, 1, 0, 2, -100])]],
  ["CrossEntropy", (logits, labels) => ops.crossEntropy(logits!, labels!, { smoothing: 0.1 }), [[T, 5], int64([T], [4, -100, 1, 0, 2, -100])]],
  ["CrossEntropy", (logits, labels) => ops.crossEntropy(logits!, labels!, { weights: [1, 0.5, 0, 2, 3], smoothing: 0.3 }), [[T, 5], int64([T], [4, -100, 1, 0, 2, -100])]],
  ["Sign", (x) => ops.sign(x!), [[T, 5]], "forward only"],
  ["Sigmoid", (x) => ops.sigmoid(x!), [[T, 5]]],
  ["BinaryCrossEntropy", (x, targets) => ops.binaryCrossEntropy(x!, targets!), [[T, 4], { dtype: "float32", shape: [T, 4], data: bits(24) }]],
  ["CrossEntropyBackward", (dy, logits, labels) => ops.crossEntropyBackward(dy!, logits!, labels!, {}), [[], [T, 150], int64([T], [4, -100, 1, 149, 2, -100])], "forward only"],
  ["TokenLoss", (x, w, labels, b) => ops.tokenLoss(x!, w!, labels!, b!, { chunks: 3 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100]), [7]]],
  ["TokenLoss", (x, w, labels) => ops.tokenLoss(x!, w!, labels!, undefined, { chunks: 1 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100])]],
  ["TokenLoss", (x, w, labels, b) => ops.tokenLoss(x!, w!, labels!, b!, { chunks: 9, softcap: 2 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100]), [7]]],
  ["TokenLoss", (x, w, labels, b) => ops.tokenLoss(x!, w!, labels!, b!, { chunks: 3, smoothing: 0.1 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100]), [7]]],
  ["TokenLoss", (x, w, labels) => ops.tokenLoss(x!, w!, labels!, undefined, { chunks: 9, softcap: 2, smoothing: 0.4 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100])]],
  ["TokenLogSumExp", (x, w, b) => ops.tokenLogSumExp(x!, w!, b!, { chunks: 3, softcap: 2 }), [[T, 4], [7, 4], [7]], "forward only"],
  ["TokenLossBackward", (x, w, labels, b) => ops.tokenLossBackward(x!, w!, labels!, b!, { chunks: 3 }), [[T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100]), [7]], "forward only"],
  ["TokenLossWeightBackward", (dy, x, w, labels, b) => ops.tokenLossWeightBackward(dy!, x!, w!, labels!, ops.tokenLoss(x!, w!, labels!, b!, { chunks: 3 }), b!, { chunks: 3 }), [[T], [T, 4], [7, 4], int64([T], [4, -100, 1, 0, 6, -100]), [7]], "forward only"],
  ["TokenChoice", (x, w, b) => ops.tokenChoice(x!, w!, b!, { chunks: 3, softcap: 2 }), [[T, 4], [7, 4], [7]], "forward only"],
  ["VocabularyLogits", (x, w) => ops.vocabularyLogits(x!, w!, undefined, {}), [[T, 4], [5, 4]], "forward only"],
  ["VocabularyLogits", (x, w, bias) => ops.vocabularyLogits(x!, w!, bias!, { softcap: 2 }), [[T, 4], [5, 4], [5]], "forward only"],
  ["LastToken", (ids, mask) => ops.lastToken(ids!, mask!, { padId: 1 }), [ids, mask]],
  ["LastToken", (ids, mask) => ops.lastToken(ids!, mask!, {}), [ids, mask]],
  ["LastToken", (ids, mask) => ops.lastToken(ids!, mask!, { padId: 0 }), [int64(["batch", "seq"], [0, 0, 0, 5, 0, 0]), int64(["batch", "seq"], [1, 1, 1, 1, 1, 0])]],
  ["LastToken", (ids, mask) => ops.lastToken(ids!, mask!, { padId: -1 }), [int64(["batch", "seq"], [0, 0, 0, 5, 7, 7]), int64(["batch", "seq"], [1, 0, 0, 1, 1, 0])]],
  ["Upcast", (x) => ops.upcast(x!), [half("bfloat16")]],
  ["Upcast", (x) => ops.upcast(x!), [half("float16")]],
]; // biome-ignore format: a table
