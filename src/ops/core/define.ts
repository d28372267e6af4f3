import { OperandError } from "../../errors.ts";
import { nodeOf, Value } from "../../ir/graph.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { Attrs, LoweredTogether, Op } from "../../ir/op.ts";
import type { ConcreteType, Tensor, TensorType } from "../../ir/types.ts";

/** The op does not depend smoothly on this operand (an index, a mask, a shape): its gradient is zero by definition. */
export const nonDifferentiable = Symbol("nonDifferentiable");

/** The op belongs to a backward pass and is not differentiated again: asking for this gradient is a mistake. */
export const notTwice = Symbol("notTwice");

type Names = readonly string[];
type NoAttrs = Record<never, never>;
type Bare<Name extends string> = Name extends `${infer Base}?` ? Base : Name;

/** One `T` for each operand; `undefined` where an optional operand (`bias?`) was left out. */
export type Named<Operands extends Names, T> = {
  readonly [N in Operands[number] as N extends `${string}?` ? never : N]: T;
} & { readonly [N in Operands[number] as N extends `${string}?` ? Bare<N> : never]: T | undefined };

/** Gradient of the loss by one operand, given `dy`, the operands and the result `y`. */
export type VjpRule<Operands extends Names, A> = (
  dy: Value,
  x: Named<Operands, Value> & { readonly y: Value },
  attrs: A,
) => Value;

/** An op, written down. */
export interface OpSpec<Operands extends Names, A> {
  readonly name: string;
  readonly operands: Operands;
  /** True when the backward pass recomputes the result instead of keeping it: elementwise ops of a wide input. */
  readonly cheap?: boolean;
  /** Operands of which row `i` decides row `i` of the result: of rows that nobody reads, nothing need be computed. */
  readonly rowwise?: readonly Bare<Operands[number]>[];
  /** Operands that ONNX Runtime computes in one dtype: a mismatch is refused where the op is applied. */
  readonly sameDtype?: readonly Bare<Operands[number]>[];
  infer(x: Named<Operands, TensorType>, attrs: A): TensorType;
  /** One rule for each operand: leaving one out is a compile error, so nothing is silently untrainable. */
  readonly vjp: {
    readonly [N in Bare<Operands[number]>]: VjpRule<Operands, A> | typeof nonDifferentiable | typeof notTwice;
  };
  /** Plain float64 loops: slow, obvious, and what every test compares with. */
  reference(x: Named<Operands, Tensor>, y: ConcreteType, attrs: A): Float64Array;
  /** The ONNX form; returns the name of the result, or those of all that was lowered with it. */
  lower(to: Lowering, x: Named<Operands, string>, node: LoweredNode<Operands, A>): string | LoweredTogether;
}

/** A node that is being lowered. */
export interface LoweredNode<Operands extends Names, A> {
  /** The result. */
  readonly y: Value;
  /** Types of the operands, for forms that need a length or a dtype. */
  readonly types: Named<Operands, TensorType>;
  readonly attrs: A;
}

type Arguments<Operands extends Names, A> = Operands extends readonly [infer Head, ...infer Rest extends Names]
  ? Head extends `${string}?`
    ? keyof A extends never
      ? [operand?: Value | undefined, ...Arguments<Rest, A>]
      : [operand: Value | undefined, ...Arguments<Rest, A>]
    : [operand: Value, ...Arguments<Rest, A>]
  : keyof A extends never
    ? []
    : [attrs: A];

/** An op: call it with values (and its settings, if it has any) to append it to their graph. */
export interface OpFunction<Operands extends Names, A extends object = NoAttrs> {
  (...args: Arguments<Operands, A>): Value;
  readonly op: Op;
}

/** Every op that was defined, by name: what tests and the support table go through. */
export const registry = new Map<string, Op>();

/** Makes an op of its spec and registers it. */
export function defineOp<Operands extends Names, A extends object = NoAttrs>(
  spec: OpSpec<Operands, A>,
): OpFunction<Operands, A> {
  const { name } = spec;
  const operands = spec.operands.map((operand) => operand.replace("?", ""));
  const required = spec.operands.filter((operand) => !operand.endsWith("?")).length;
  const alike = (spec.sameDtype ?? []).map((operand) => operands.indexOf(operand));
  const named = <T>(inputs: readonly T[]): Named<Operands, T> =>
    Object.fromEntries(operands.map((operand, i) => [operand, inputs[i]])) as Named<Operands, T>;

  const op: Op = {
    name,
    operands: spec.operands,
    cheap: spec.cheap ?? false,
    rowwise: (spec.rowwise ?? []).map((operand) => operands.indexOf(operand)),
    infer(inputs, attrs) {
      if (inputs.length < required || inputs.length > operands.length) {
        throw new OperandError(name, `takes ${spec.operands.join(", ")}; got ${inputs.length} operands`);
      }
      const typed = alike.filter((i) => inputs[i] !== undefined);
      if (new Set(typed.map((i) => inputs[i]?.dtype)).size > 1) {
        const dtypes = typed.map((i) => `${operands[i]} ${inputs[i]?.dtype}`);
        throw new OperandError(name, `dtypes differ: ${dtypes.join(", ")}`, "upcast the float16 operands first.");
      }
      return spec.infer(named(inputs), attrs as A);
    },
    vjp(i, dy, inputs, y, attrs) {
      const operand = operands[i] as keyof typeof spec.vjp;
      const rule = spec.vjp[operand] as VjpRule<Operands, A> | symbol;
      if (rule === nonDifferentiable) return null;
      if (typeof rule === "symbol") throw new OperandError(name, "is not differentiated twice");
      return rule(dy, { ...named(inputs), y }, attrs as A);
    },
    reference: (inputs, y, attrs) => spec.reference(named(inputs), y, attrs as A),
    lower(to, inputs, y, attrs) {
      const types = named<TensorType>(nodeOf(y)?.inputs ?? []);
      return spec.lower(to, named(inputs), { y, types, attrs: attrs as A });
    },
  };
  registry.set(name, op);

  const apply = (...args: readonly unknown[]): Value => {
    const inputs = args.slice(0, operands.length).filter((arg): arg is Value => arg instanceof Value);
    const attrs = (args[operands.length] ?? {}) as Attrs;
    const first = inputs[0];
    if (!first) throw new OperandError(name, `takes ${spec.operands.join(", ")}; got none`);
    return first.graph.node(op, inputs, attrs);
  };
  return Object.assign(apply, { op });
}
