import type { Value } from "./graph.ts";
import type { Lowering } from "./lowering.ts";
import type { ConcreteType, Tensor, TensorType } from "./types.ts";

/** An op's settings: plain data, printed and compared as JSON. */
export type Attrs = Readonly<Record<string, unknown>>;

/** Names of the results of values that were lowered at once. */
export type LoweredTogether = ReadonlyMap<Value, string>;

/**
 * An op as a graph sees it: it knows its own types, gradient, meaning and ONNX form, so that graph, autodiff and
 * rewriting know no op by name. Written with `defineOp`.
 */
export interface Op {
  readonly name: string;
  /** Operand names in order; those that end in `?` may be left out at the end. */
  readonly operands: readonly string[];
  /** Its result is cheaper to compute again than to keep: where the backward pass reads it, it is. */
  readonly cheap: boolean;
  /** Operands (by number) of which row `i` decides row `i` of the result, and no other row of them does. */
  readonly rowwise: readonly number[];
  infer(inputs: readonly TensorType[], attrs: Attrs): TensorType;
  /** Gradient of the loss by operand `i`, given `dy`; `null` when it is zero by definition. */
  vjp(i: number, dy: Value, inputs: readonly Value[], y: Value, attrs: Attrs): Value | null;
  /** The meaning, in float64. */
  reference(inputs: readonly Tensor[], y: ConcreteType, attrs: Attrs): Float64Array;
  /** Emits ONNX nodes and returns the name of the result; or of several values, where `y` is lowered with others of its graph. */
  lower(to: Lowering, inputs: readonly string[], y: Value, attrs: Attrs): string | LoweredTogether;
}
