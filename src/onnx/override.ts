import type { Lowering, OnnxAttr, PseudoOperator } from "../ir/lowering.ts";
import type { TensorType } from "../ir/types.ts";

/** A node of ONNX that is overridden. */
export interface OverriddenNode {
  readonly attrs: Readonly<Record<string, OnnxAttr>>;
  /** Type of each input that is a value of the graph or a constant; `undefined` for one between two nodes of one op. */
  readonly types: readonly (TensorType | undefined)[];
}

/** Writes what a node does with other nodes; returns the name of the result. */
export type Override = (to: Lowering, inputs: readonly string[], node: OverriddenNode) => string;

/** Overrides by operator name: one for each pseudo-operator, and those for operators that a target lacks. */
export type Overrides = Readonly<Record<PseudoOperator, Override>> & Readonly<Record<string, Override>>;
