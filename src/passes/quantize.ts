import {
  type BlockScheme,
  nodeOf,
  type ParamValue,
  type QuantizationScheme,
  type QuantizedPart,
  type Value,
} from "../ir/graph.ts";
import type { DType, Shape } from "../ir/types.ts";
import { linear } from "../ops/nn/linear.ts";
import { dequantize8bit, linear8bit } from "../ops/quantized/eightbit.ts";
import { dequantize4bit, dequantizeBlockwise, type FourBitAttrs, linear4bit } from "../ops/quantized/fourbit.ts";
import { dequantizeScaled, linearScaled, type ScaledAttrs } from "../ops/quantized/scaled-blocks.ts";
import { dynamicMap, FP4, NF4 } from "../quant/codebooks.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/** Scales that share one nested scale in double quantization, as in bitsandbytes. */
const NESTED_BLOCK = 256;

/**
 * Holds the frozen weight of every linear layer packed in four or eight bits.
 *
 * Biases, norms, embeddings and trainable weights stay as they are, and so do the layers under `keep`.
 * @param scheme One for all weights, or each weight's own by its name; without one it stays as it is.
 * @param keep Modules whose weights stay unpacked: heads and poolers.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3.
 */
export const quantize = (scheme: QuantizationScheme | SchemeOf, keep: readonly string[] = []): Pass => ({
  name: "quantize",
  run(graph) {
    const schemeOf: SchemeOf = typeof scheme === "function" ? scheme : () => scheme;
    const packed = new Map(graph.values.flatMap((value) => weightToPack(value, keep, schemeOf)));
    return rewrite(graph, {
      param(param) {
        if (param.init?.kind !== "rowNorm") return param;
        const own = packed.get(param.init.of);
        return own ? { ...param, init: { ...param.init, scheme: own } } : param;
      },
      node(y, { op, inputs, attrs, module }) {
        const packing = (x: Value | undefined) => (x?.origin.kind === "param" ? packed.get(x.origin.name) : undefined);
        if (!inputs.some(packing)) return y;
        const [x, w, bias] = inputs as [Value, ParamValue, Value?];
        const own = packing(w);
        if (op === linear.op && own) return packedLinear(x, w, bias, own);
        const unpacked = inputs.map((input) => {
          const scheme = packing(input);
          return scheme ? unpack(input as ParamValue, scheme) : input;
        });
        return y.graph.node(op, unpacked, attrs, module);
      },
    });
  },
});

/** How a weight is packed, by its name; `undefined`: not at all. */
export type SchemeOf = (weight: string) => QuantizationScheme | undefined;

/** Name and scheme of the frozen weight of a linear layer outside `keep`. */
function weightToPack(value: Value, keep: readonly string[], schemeOf: SchemeOf): [string, QuantizationScheme][] {
  const node = nodeOf(value);
  const w = node?.op === linear.op ? node.inputs[1] : undefined;
  const kept = node?.module.split(".").some((segment) => keep.includes(segment));
  if (w?.origin.kind !== "param" || w.origin.trainable || kept) return [];
  const scheme = schemeOf(w.origin.name);
  return scheme ? [[w.origin.name, scheme]] : [];
}

function packedLinear(x: Value, w: ParamValue, bias: Value | undefined, scheme: QuantizationScheme): Value {
  if (scheme.type === "int8") return linear8bit(x, ...eightBit(w), bias);
  if (scheme.type === "gguf") {
    const { codes, scales, attrs } = blocks(w, scheme);
    return linearScaled(x, codes, scales, bias, attrs);
  }
  const { operands, attrs } = fourBit(w, scheme);
  return linear4bit(x, ...operands, bias, attrs);
}

/** The weight itself again, for an op that is no linear layer (DoRA's row lengths). */
function unpack(w: ParamValue, scheme: QuantizationScheme): Value {
  if (scheme.type === "int8") return dequantize8bit(...eightBit(w));
  if (scheme.type === "gguf") {
    const { codes, scales, attrs } = blocks(w, scheme);
    return dequantizeScaled(codes, scales, attrs);
  }
  const { operands, attrs } = fourBit(w, scheme);
  return dequantize4bit(...operands, attrs);
}

function eightBit(w: ParamValue): [codes: Value, absmax: Value] {
  const part = partsOf(w, { type: "int8" });
  return [part("codes", ".codes", "int8", w.shape), part("absmax", ".absmax", "float32", w.shape.slice(0, 1))];
}

function blocks(w: ParamValue, scheme: BlockScheme): { codes: Value; scales: Value; attrs: ScaledAttrs } {
  const { bits, blockSize, offsets, scaleType } = scheme;
  const [rows, columns] = w.shape as [number, number];
  const count = (rows * columns) / blockSize;
  const part = partsOf(w, scheme);
  return {
    codes: part("codes", ".codes", bits === 4 ? "uint8" : "int8", [(rows * columns * bits) / 8]),
    scales: part("scales", ".scales", scaleType, offsets ? [2, count] : [count]),
    attrs: { bits, blockSize, shape: [rows, columns] },
  };
}

function fourBit(
  w: ParamValue,
  scheme: Exclude<QuantizationScheme, { type: "int8" | "gguf" }>,
): { operands: [codes: Value, absmax: Value, codebook: Value]; attrs: FourBitAttrs } {
  const { type, blockSize } = scheme;
  const [rows, columns] = w.shape as [number, number];
  const blocks = Math.ceil((rows * columns) / blockSize);
  const part = partsOf(w, scheme);
  const codes = part("codes", ".codes", "uint8", [Math.ceil((rows * columns) / 2)]);
  const codebook = w.graph.constant({ dtype: "float32", shape: [16] }, type === "nf4" ? NF4 : FP4);
  const absmax = scheme.doubleQuant
    ? dequantizeBlockwise(
        part("absmax", ".absmax", "uint8", [blocks]),
        part("nestedAbsmax", ".nested_absmax", "float32", [Math.ceil(blocks / NESTED_BLOCK)]),
        part("nestedOffset", ".nested_offset", "float32", [1]),
        w.graph.constant({ dtype: "float32", shape: [256] }, dynamicMap(true)),
        { blockSize: NESTED_BLOCK },
      )
    : part("absmax", ".absmax", "float32", [blocks]);
  return { operands: [codes, absmax, codebook], attrs: { type, blockSize, shape: [rows, columns] } };
}

type Part = (part: QuantizedPart["part"], suffix: string, dtype: DType, shape: Shape) => Value;

/** Makes the parameters that stand for a packed weight; names follow bitsandbytes' state dict where it has them. */
function partsOf({ graph, origin: { name, transposed } }: ParamValue, scheme: QuantizationScheme): Part {
  return (part, suffix, dtype, shape) =>
    graph.param(
      `${name}${suffix}`,
      { dtype, shape },
      { trainable: false, quantized: { of: name, scheme, part }, ...(transposed && { transposed }) },
    );
}
