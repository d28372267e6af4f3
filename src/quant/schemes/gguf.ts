import type { Value } from "../../ir/graph.ts";
import { dequantizeScaled, linearScaled, type ScaledAttrs } from "../../ops/quantized/scaled-blocks.ts";
import { float32ToFloat16 } from "../half.ts";
import { packNibbles, type ScaledFormat } from "../scaled-blocks.ts";
import type { QuantizedWeight, SchemeDefinition } from "./definition.ts";

/** A weight in the blocks that a GGUF file holds. */
export interface GgufScheme extends ScaledFormat {
  readonly type: "gguf";
}

/** The scheme of a weight that its file holds in blocks of `format`. */
export const ggufScheme = (format: ScaledFormat): GgufScheme => ({ type: "gguf", ...format });

/** The blocks of a GGUF file, whatever their type: codes, a scale for each block, and maybe an offset. */
export const gguf: SchemeDefinition<GgufScheme> = {
  name: "gguf",
  onnxDtype: "q4",
  codec: {
    kind: "stored",
    arrays({ codes, scales, offsets }, { bits, scaleType }) {
      const both = new Float32Array(scales.length + offsets.length);
      both.set(scales);
      both.set(offsets, scales.length);
      return {
        codes: bits === 4 ? packNibbles(codes) : codes,
        scales: scaleType === "float16" ? float32ToFloat16(both) : both,
      };
    },
  },
  parts([rows, columns], { bits, blockSize, offsets, scaleType }) {
    const blocks = (rows * columns) / blockSize;
    return {
      codes: { dtype: bits === 4 ? "uint8" : "int8", shape: [(rows * columns * bits) / 8] },
      scales: { dtype: scaleType, shape: offsets ? [2, blocks] : [blocks] },
    };
  },
  linear: (x, w, bias, scheme) => linearScaled(x, ...operands(w), bias, attrsOf(w, scheme)),
  dequantized: (w, scheme) => dequantizeScaled(...operands(w), attrsOf(w, scheme)),
};

const operands = ({ part }: QuantizedWeight): [codes: Value, scales: Value] => [part("codes"), part("scales")];

const attrsOf = ({ shape }: QuantizedWeight, { bits, blockSize }: GgufScheme): ScaledAttrs => ({
  ...{ bits, blockSize, shape },
});
