import { ELEMENT_BYTES, type TensorType } from "../ir/types.ts";
import type { Overrides } from "./override.ts";
import { PSEUDO_OPERATORS } from "./pseudo-operators.ts";
import { STANDARD_OVERRIDES } from "./standard-overrides.ts";
import { WEBGPU_OVERRIDES } from "./webgpu-overrides.ts";

/** Whose ONNX is written. */
export interface Target {
  readonly opset: bigint;
  readonly irVersion: bigint;
  /** Overrides for pseudo-operators and operators that the target lacks; the others are written as ops lower themselves. */
  readonly overrides: Overrides;
  /**
   * Form in which values are fed whose type not every runtime takes: half floats as their bits (`uint16`), because JavaScript has no
   * array for them; half floats and `int8` as their bytes (`uint8`, of half floats with a last dim of 2), because no tensor on a device is
   * of these types; or as they are.
   */
  readonly narrow: "bits" | "bytes" | "own";
}

/** ONNX Runtime as this package has it: its own operators too. Opset 26 is the first with BitCast. */
export const ENGINE: Target = { opset: 26n, irVersion: 13n, overrides: PSEUDO_OPERATORS, narrow: "bits" };

/** The standard alone, for any runtime since 2023. Opset 18 is the first whose reductions take their axes as inputs. */
export const STANDARD: Target = {
  opset: 18n,
  irVersion: 8n,
  overrides: { ...PSEUDO_OPERATORS, ...STANDARD_OVERRIDES },
  narrow: "own",
};

/** ONNX Runtime's WebGPU provider, in Node and in a browser. Of later opsets it lacks kernels of `Transpose`, `Shape` and others. */
export const WEBGPU: Target = { opset: 21n, irVersion: 10n, overrides: WEBGPU_OVERRIDES, narrow: "bytes" };

/** Type in which a target is fed a value. Half floats that are fed as their bits keep their name. */
export function inputType({ dtype, shape }: TensorType, { narrow }: Target): TensorType {
  if (narrow !== "bytes") return { dtype, shape };
  if (dtype === "int8") return { dtype: "uint8", shape };
  return dtype.endsWith("float16") ? { dtype: "uint8", shape: [...shape, ELEMENT_BYTES[dtype]] } : { dtype, shape };
}
