import type { Lowering } from "../../ir/lowering.ts";
import type { Tensor, TensorType } from "../../ir/types.ts";
import { barrier } from "../core/barrier.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";
import { countOf, timesTransposed } from "../core/loops.ts";
import { matMul } from "../nn/matmul.ts";

/** The codebooks that `MatMulBnb4` has, at their `quant_type`. */
const BNB4_TYPES: readonly string[] = ["fp4", "nf4"];

/** A weight in four bits. */
export interface FourBitAttrs {
  /** Name of the codebook. */
  readonly type: string;
  /** Weights that share one `absmax`. */
  readonly blockSize: number;
  /** The weight's own shape. */
  readonly shape: readonly [rows: number, columns: number];
}

/**
 * `y = x · wᵀ + bias`, the frozen weight in four bits.
 *
 * Shapes: `x [rows, in]`; `codes [ceil(out·in / 2)]` bytes, the first weight in the high half; `absmax [blocks]`;
 * `codebook [16]` → `y [rows, out]`. The backward pass dequantizes the weight again, late, so that it never lies
 * dequantized between the passes.
 * @see Dettmers et al. 2023, arXiv:2305.14314, equation 5.
 */
export const linear4bit: OpFunction<["x", "codes", "absmax", "codebook", "bias?"], FourBitAttrs> = defineOp({
  name: "Linear4bit",
  operands: ["x", "codes", "absmax", "codebook", "bias?"],
  rowwise: ["x"],
  sameDtype: ["x", "absmax", "codebook", "bias"],
  infer: ({ x }, { shape }) => ({ dtype: x.dtype, shape: [x.shape[0] as number | string, shape[0]] }),
  vjp: {
    x: (dy, { codes, absmax, codebook }, attrs) =>
      matMul(dy, dequantize4bit(barrier(codes, dy), absmax, codebook, attrs), {}),
    codes: nonDifferentiable,
    absmax: nonDifferentiable,
    codebook: nonDifferentiable,
    bias: (dy) => dy,
  },
  reference: ({ x, codes, absmax, codebook, bias }, _, attrs) =>
    timesTransposed(x, dequantized(codes, absmax, codebook, attrs), bias),
  lower(to, { x, codes, absmax, codebook, bias }, { types, attrs }) {
    const [out, inn] = attrs.shape;
    const quantType = BNB4_TYPES.indexOf(attrs.type);
    if (quantType < 0 || (out * inn) % attrs.blockSize !== 0) {
      const w = lowerDequantized(to, codes, absmax, codebook, types.absmax, attrs);
      return to.node("Gemm", bias ? [x, w, bias] : [x, w], { attrs: { transB: 1 } });
    }
    const y = to.node("MatMulBnb4", [x, codes, absmax], {
      attrs: { K: inn, N: out, block_size: attrs.blockSize, quant_type: quantType },
      domain: "com.microsoft",
    });
    return bias ? to.node("Add", [y, bias]) : y;
  },
});

/** Dequantizes four-bit weights: `codebook[code] · absmax[block]`. Shapes as `linear4bit`'s → `w [out, in]`. */
export const dequantize4bit: OpFunction<["codes", "absmax", "codebook"], FourBitAttrs> = defineOp({
  name: "Dequantize4bit",
  operands: ["codes", "absmax", "codebook"],
  infer: ({ absmax }, { shape }) => ({ dtype: absmax.dtype, shape }),
  vjp: { codes: nonDifferentiable, absmax: nonDifferentiable, codebook: nonDifferentiable },
  reference: ({ codes, absmax, codebook }, _, attrs) => dequantized(codes, absmax, codebook, attrs),
  lower: (to, { codes, absmax, codebook }, { types, attrs }) =>
    lowerDequantized(to, codes, absmax, codebook, types.absmax, attrs),
});

/**
 * Dequantizes the scales of double quantization: `codebook[code] · absmax[i / blockSize] + offset`.
 * Shapes: `codes [n]` bytes, `absmax [ceil(n / blockSize)]`, `offset [1]`, `codebook [256]` → `[n]`.
 */
export const dequantizeBlockwise: OpFunction<
  ["codes", "absmax", "offset", "codebook"],
  { readonly blockSize: number }
> = defineOp({
  name: "DequantizeBlockwise",
  operands: ["codes", "absmax", "offset", "codebook"],
  infer: ({ codes, absmax }) => ({ dtype: absmax.dtype, shape: codes.shape }),
  vjp: {
    codes: nonDifferentiable,
    absmax: nonDifferentiable,
    offset: nonDifferentiable,
    codebook: nonDifferentiable,
  },
  reference: ({ codes, absmax, offset, codebook }, _, { blockSize }) =>
    codes.data.map((code, i) => codebook.data[code]! * absmax.data[Math.floor(i / blockSize)]! + offset.data[0]!),
  lower(to, { codes, absmax, offset, codebook }, { types, attrs: { blockSize } }) {
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const indices = to.node("Range", [integer(0), integer(types.codes.shape[0] as number), integer(1)]);
    const scales = to.node("Gather", [absmax, to.node("Div", [indices, integer(blockSize)])]);
    return to.node("Add", [to.node("Mul", [lookUp(to, codebook, codes), scales]), offset]);
  },
});

const lookUp = (to: Lowering, table: string, codes: string): string =>
  to.node("Gather", [table, to.node("Cast", [codes], { attrs: { to: 6 } })]);

function dequantized(
  codes: Tensor,
  absmax: Tensor,
  codebook: Tensor,
  { shape, blockSize }: FourBitAttrs,
): Float64Array {
  return new Float64Array(countOf(shape)).map((_, i) => {
    const byte = codes.data[i >> 1]!;
    return codebook.data[i % 2 === 0 ? byte >> 4 : byte & 15]! * absmax.data[Math.floor(i / blockSize)]!;
  });
}

function lowerDequantized(
  to: Lowering,
  codes: string,
  absmax: string,
  codebook: string,
  absmaxType: TensorType,
  { shape, blockSize }: FourBitAttrs,
): string {
  const halves = Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? i >> 5 : (i >> 1) & 15)); // of byte i / 2
  const pairs = to.node("Gather", [codebook, to.constant("int32", [256, 2], halves)]);
  const flat = to.node("Reshape", [lookUp(to, pairs, codes), to.ints([-1])]);
  const count = countOf(shape);
  const blocks = absmaxType.shape[0] as number;
  if (count % blockSize === 0) {
    const rows = to.node("Reshape", [flat, to.ints([blocks, blockSize])]);
    const scaled = to.node("Mul", [rows, to.node("Unsqueeze", [absmax, to.ints([1])])]);
    return to.node("Reshape", [scaled, to.ints(shape)]);
  }
  const indices = Array.from({ length: count }, (_, i) => Math.floor(i / blockSize));
  const scales = to.node("Gather", [absmax, to.constant("int32", [count], indices)]);
  const kept = to.node("Slice", [flat, to.ints([0]), to.ints([count])]);
  return to.node("Reshape", [to.node("Mul", [kept, scales]), to.ints(shape)]);
}
