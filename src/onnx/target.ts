import { type Override, STANDARD_OVERRIDES } from "./standard-overrides.ts";

/** Whose ONNX is written. */
export interface Target {
  readonly opset: bigint;
  readonly irVersion: bigint;
  /** Overrides for operators that the target lacks, by operator name; the others are written as ops lower themselves. */
  readonly overrides: Readonly<Record<string, Override>>;
  /** True when half floats are passed as their bits, because JavaScript has no array type for them. */
  readonly halvesAsBits: boolean;
}

/** ONNX Runtime as this package has it: its own operators too. Opset 26 is the first with BitCast. */
export const ENGINE: Target = { opset: 26n, irVersion: 13n, overrides: {}, halvesAsBits: true };

/** The standard alone, for any runtime since 2023. Opset 18 is the first whose reductions take their axes as inputs. */
export const STANDARD: Target = { opset: 18n, irVersion: 8n, overrides: STANDARD_OVERRIDES, halvesAsBits: false };
