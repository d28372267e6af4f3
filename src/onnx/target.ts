import type { Overrides } from "./override.ts";
import { PSEUDO_OPERATORS } from "./pseudo-operators.ts";
import { STANDARD_OVERRIDES } from "./standard-overrides.ts";

/** Whose ONNX is written. */
export interface Target {
  readonly opset: bigint;
  readonly irVersion: bigint;
  /** Overrides for pseudo-operators and operators that the target lacks; the others are written as ops lower themselves. */
  readonly overrides: Overrides;
  /** True when half floats are passed as their bits, because JavaScript has no array type for them. */
  readonly halvesAsBits: boolean;
}

/** ONNX Runtime as this package has it: its own operators too. Opset 26 is the first with BitCast. */
export const ENGINE: Target = { opset: 26n, irVersion: 13n, overrides: PSEUDO_OPERATORS, halvesAsBits: true };

/** The standard alone, for any runtime since 2023. Opset 18 is the first whose reductions take their axes as inputs. */
export const STANDARD: Target = {
  opset: 18n,
  irVersion: 8n,
  overrides: { ...PSEUDO_OPERATORS, ...STANDARD_OVERRIDES },
  halvesAsBits: false,
};
