import type { Value } from "../../ir/graph.ts";
import { dequantize8bit, linear8bit } from "../../ops/quantized/eightbit.ts";
import { float16ToFloat32, float32ToFloat16 } from "../half.ts";
import { dequantizeInt8, quantizeInt8 } from "../int8.ts";
import type { QuantizedWeight, SchemeDefinition } from "./definition.ts";

/** A weight in eight bits, a scale for each row, as bitsandbytes has it. */
export interface Int8Scheme {
  readonly type: "int8";
}

/**
 * 8-bit integers, a scale for each row.
 * @see Dettmers et al. 2022, "LLM.int8()", arXiv:2208.07339, section 2.
 */
export const int8: SchemeDefinition<Int8Scheme> = {
  name: "int8",
  onnxDtype: "int8",
  codec: {
    kind: "quantizing",
    settings: () => ({ type: "int8" }),
    // bitsandbytes takes the weights in half precision first
    quantize: (w, rows) => ({ ...quantizeInt8(float16ToFloat32(float32ToFloat16(w)), rows) }),
    dequantize: ({ codes, absmax }) => dequantizeInt8({ codes: codes as Int8Array, absmax: absmax as Float32Array }),
  },
  parts: (shape) => ({
    codes: { dtype: "int8", shape },
    absmax: { dtype: "float32", shape: shape.slice(0, 1) },
  }),
  linear: (x, w, bias) => linear8bit(x, ...operands(w), bias),
  dequantized: (w) => dequantize8bit(...operands(w)),
};

const operands = ({ part }: QuantizedWeight): [codes: Value, absmax: Value] => [part("codes"), part("absmax")];
