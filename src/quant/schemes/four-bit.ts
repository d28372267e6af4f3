import type { Value } from "../../ir/graph.ts";
import { dequantize4bit, dequantizeBlockwise, type FourBitAttrs, linear4bit } from "../../ops/quantized/fourbit.ts";
import { BLOCK_SIZE_8 } from "../blockwise8.ts";
import { dynamicMap, FOUR_BIT_CODEBOOKS, type FourBitType } from "../codebooks.ts";
import { doubleQuantize, undoubleQuantize } from "../doublequant.ts";
import { dequantize4, quantize4 } from "../fourbit.ts";
import type { QuantizedArrays, QuantizedWeight, SchemeDefinition } from "./definition.ts";

/** Settings of a weight in four bits, as bitsandbytes has them. */
export interface FourBitScheme {
  readonly type: FourBitType;
  /** Weights that share one scale. */
  readonly blockSize: number;
  /** True when the scales are quantized too. */
  readonly doubleQuant: boolean;
}

/** QLoRA's, and bitsandbytes' default. */
const BLOCK_SIZE = 64;

/**
 * bitsandbytes' scheme for a codebook of 16 values: codes, two to a byte, and a scale for each block of the flat weight.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3.
 */
export const fourBit = (name: FourBitType): SchemeDefinition<FourBitScheme> => ({
  name,
  onnxDtype: "bnb4",
  codec: {
    kind: "quantizing",
    settings: ({ doubleQuant }) => ({ type: name, blockSize: BLOCK_SIZE, doubleQuant }),
    quantize(w, _, scheme): QuantizedArrays {
      const { codes, absmax } = quantize4(w, scheme);
      if (!scheme.doubleQuant) return { codes, absmax };
      const nested = doubleQuantize(absmax);
      return {
        codes,
        absmax: nested.codes,
        nested_absmax: nested.absmax,
        nested_offset: Float32Array.of(nested.offset),
      };
    },
    dequantize({ codes, absmax, nested_absmax, nested_offset }, { type, blockSize, doubleQuant }, n) {
      const scales = doubleQuant
        ? undoubleQuantize({
            codes: absmax as Uint8Array,
            absmax: nested_absmax as Float32Array,
            offset: Number(nested_offset?.[0]),
          })
        : (absmax as Float32Array);
      return dequantize4({ codes: codes as Uint8Array, absmax: scales, type, blockSize }, n);
    },
  },
  parts([rows, columns], { blockSize, doubleQuant }) {
    const blocks = Math.ceil((rows * columns) / blockSize);
    return {
      codes: { dtype: "uint8", shape: [Math.ceil((rows * columns) / 2)] },
      absmax: { dtype: doubleQuant ? "uint8" : "float32", shape: [blocks] },
      ...(doubleQuant && {
        nested_absmax: { dtype: "float32", shape: [Math.ceil(blocks / BLOCK_SIZE_8)] },
        nested_offset: { dtype: "float32", shape: [1] },
      }),
    };
  },
  linear(x, w, bias, scheme) {
    const [codes, absmax, codebook] = operands(w, scheme);
    return linear4bit(x, codes, absmax, codebook, bias, attrsOf(w, scheme));
  },
  dequantized: (w, scheme) => dequantize4bit(...operands(w, scheme), attrsOf(w, scheme)),
});

const attrsOf = ({ shape }: QuantizedWeight, { type, blockSize }: FourBitScheme): FourBitAttrs => ({
  ...{ type, blockSize, shape },
});

function operands(
  { graph, part }: QuantizedWeight,
  { type, doubleQuant }: FourBitScheme,
): [codes: Value, absmax: Value, codebook: Value] {
  const codes = part("codes");
  const codebook = graph.constant({ dtype: "float32", shape: [16] }, FOUR_BIT_CODEBOOKS[type]);
  const absmax = part("absmax");
  if (!doubleQuant) return [codes, absmax, codebook];
  const nested = [part("nested_absmax"), part("nested_offset")] as const;
  const map = graph.constant({ dtype: "float32", shape: [256] }, dynamicMap(true));
  return [codes, dequantizeBlockwise(absmax, ...nested, map, { blockSize: BLOCK_SIZE_8 }), codebook];
}
