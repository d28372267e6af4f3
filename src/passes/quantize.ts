import { nodeOf, type ParamValue, type QuantizationScheme, type QuantizedPart, type Value } from "../ir/graph.ts";
import type { DType, Shape } from "../ir/types.ts";
import { dequantize8bit, linear8bit } from "../ops/eightbit.ts";
import { dequantize4bit, dequantizeBlockwise, type FourBitAttrs, linear4bit } from "../ops/fourbit.ts";
import { linear } from "../ops/linear.ts";
import { dynamicMap, FP4, NF4 } from "../quant/codebooks.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/** Scales that share one nested scale in double quantization, as in bitsandbytes. */
const NESTED_BLOCK = 256;

/**
 * Holds the frozen weight of every linear layer packed in four or eight bits.
 *
 * Biases, norms, embeddings and trainable weights stay as they are, and so do the layers under `keep`.
 * @param keep Modules whose weights stay unpacked: heads and poolers.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3.
 */
export const quantize = (scheme: QuantizationScheme, keep: readonly string[] = []): Pass => ({
  name: "quantize",
  run(graph) {
    const packed = new Set(graph.values.flatMap((value) => weightToPack(value, keep)));
    return rewrite(graph, {
      param: (param) =>
        param.init?.kind === "rowNorm" && packed.has(param.init.of)
          ? { ...param, init: { ...param.init, scheme } }
          : param,
      node(y, { op, inputs, attrs, module }) {
        const isPacked = (x: Value): x is ParamValue => x.origin.kind === "param" && packed.has(x.origin.name);
        if (!inputs.some(isPacked)) return y;
        const [x, w, bias] = inputs as [Value, Value, Value?];
        if (op === linear.op && isPacked(w)) return packedLinear(x, w, bias, scheme);
        const unpacked = inputs.map((input) => (isPacked(input) ? unpack(input, scheme) : input));
        return y.graph.node(op, unpacked, attrs, module);
      },
    });
  },
});

/** Name of the frozen weight of a linear layer outside `keep`. */
function weightToPack(value: Value, keep: readonly string[]): string[] {
  const node = nodeOf(value);
  const w = node?.op === linear.op ? node.inputs[1] : undefined;
  const kept = node?.module.split(".").some((segment) => keep.includes(segment));
  return w?.origin.kind === "param" && !w.origin.trainable && !kept ? [w.origin.name] : [];
}

function packedLinear(x: Value, w: ParamValue, bias: Value | undefined, scheme: QuantizationScheme): Value {
  if (scheme.type === "int8") return linear8bit(x, ...eightBit(w), bias);
  const { operands, attrs } = fourBit(w, scheme);
  return linear4bit(x, ...operands, bias, attrs);
}

/** The weight itself again, for an op that is no linear layer (DoRA's row lengths). */
function unpack(w: ParamValue, scheme: QuantizationScheme): Value {
  if (scheme.type === "int8") return dequantize8bit(...eightBit(w));
  const { operands, attrs } = fourBit(w, scheme);
  return dequantize4bit(...operands, attrs);
}

function eightBit(w: ParamValue): [codes: Value, absmax: Value] {
  const part = partsOf(w, { type: "int8" });
  return [part("codes", ".codes", "int8", w.shape), part("absmax", ".absmax", "float32", w.shape.slice(0, 1))];
}

function fourBit(
  w: ParamValue,
  scheme: Exclude<QuantizationScheme, { type: "int8" }>,
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

/** Makes the parameters that stand for a packed weight; names follow bitsandbytes' state dict. */
function partsOf({ graph, origin: { name, transposed } }: ParamValue, scheme: QuantizationScheme): Part {
  return (part, suffix, dtype, shape) =>
    graph.param(
      `${name}${suffix}`,
      { dtype, shape },
      { trainable: false, quantized: { of: name, scheme, part }, ...(transposed && { transposed }) },
    );
}
