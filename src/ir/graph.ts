import type { Attrs, Op } from "./op.ts";
import type { DType, ModulePath, Shape, TensorType, ValueId } from "./types.ts";

/** One application of an op. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attrs: Attrs;
  /** The module it was built in. */
  readonly module: ModulePath;
}

/** Dropout mask that the trainer fills in: one byte per position, 1 with probability `keep`. */
export interface DropoutFill {
  readonly kind: "dropout";
  readonly keep: number;
}

/** Noise of NEFTune that the trainer fills in: uniform between ±`alpha / √(L · width)`, L the padded length of a text. */
export interface NoiseFill {
  readonly kind: "noise";
  readonly alpha: number;
}

/** Input that the trainer fills at random, at each step anew. */
export type RandomFill = DropoutFill | NoiseFill;

/** Initialization of a parameter that no checkpoint contains. */
export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "uniform"; readonly bound: number }
  /** Odd or even rows of a random orthogonal matrix `[r, r]`, which the two factors of a module share, under random weights. */
  | { readonly kind: "orthogonal"; readonly module: string; readonly r: number; readonly part: "A" | "B" }
  /** A factor of the leading part of a weight: of its QR factorization, A the rows of R, B the columns of Q. */
  | { readonly kind: "qr"; readonly of: string; readonly r: number; readonly part: "A" | "B" }
  /**
   * A factor of the leading part of a weight: of its singular value decomposition over `scaling`, the roots of the singular values
   * in both, A with the right vectors, B with the left. With `iterations`, of one from that many of a random subspace.
   */
  | {
      readonly kind: "svd";
      readonly of: string;
      readonly r: number;
      readonly scaling: number;
      readonly iterations?: number;
      readonly part: "A" | "B";
    }
  /**
   * A factor of the leading part of what quantization loses of a weight, from its singular values. Of a weight that stays as it is,
   * without a scheme, nothing is lost: A is uniform and B zero.
   */
  | {
      readonly kind: "quantizationError";
      readonly of: string;
      readonly r: number;
      readonly part: "A" | "B";
      readonly scheme?: QuantizationScheme;
    }
  /** Rows of a weight. */
  | { readonly kind: "rows"; readonly of: string; readonly rows: readonly number[] }
  /** The Euclidean length of each row of a weight, as DoRA's magnitudes start; of what is left of it when it is quantized. */
  | { readonly kind: "rowNorm"; readonly of: string; readonly scheme?: QuantizationScheme };

/** One of the arrays that stand for a quantized weight. */
export interface QuantizedPart {
  /** Name of the weight that is quantized. */
  readonly of: string;
  readonly scheme: QuantizationScheme;
  /** `codes`, which every scheme has, or another part of the scheme's. */
  readonly part: string;
}

/** Name and settings of the scheme by which a weight is quantized. Graphs carry them; `quant/schemes` knows what they mean. */
export interface QuantizationScheme {
  readonly type: string;
}

/** Settings of a parameter. */
export interface ParamOptions {
  readonly trainable: boolean;
  /** Absent for weights of the base model: they must be in the checkpoint. */
  readonly init?: Init;
  /** Set where the parameter is a part of a quantized weight of the checkpoint. */
  readonly quantized?: QuantizedPart;
  /** Set for a weight `[out, in]` that checkpoints store as `[in, out]`. */
  readonly transposed?: boolean;
}

/** Origin of a value. `switch` on `kind`; the compiler checks every case is covered. */
export type Origin =
  | { readonly kind: "input"; readonly name: string; readonly fill?: RandomFill }
  | ({ readonly kind: "param"; readonly name: string } & ParamOptions)
  | { readonly kind: "constant"; readonly data: Float64Array }
  | { readonly kind: "node"; readonly node: Node };

/** An origin of kind `param`. */
export type Param = Extract<Origin, { kind: "param" }>;

/** A typed value of a graph; it knows its graph, so rules read as maths. */
export class Value implements TensorType {
  readonly graph: Graph;
  readonly id: ValueId;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly origin: Origin;

  constructor(graph: Graph, id: ValueId, type: TensorType, origin: Origin) {
    this.graph = graph;
    this.id = id;
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.origin = origin;
  }
}

/** A value that is a parameter. */
export type ParamValue = Value & { readonly origin: Param };

/**
 * A computation: names and types, no weights. Values stand in topological order by construction, so every walk over a
 * graph is a plain loop.
 */
export class Graph {
  readonly values: Value[] = [];
  readonly outputs = new Map<string, Value>();
  /** Path of the module being built; nodes remember it. */
  module: ModulePath = "";
  readonly #named = new Map<string, Value>();
  readonly #nodes = new Map<string, Value>();

  input(name: string, type: TensorType, fill?: RandomFill): Value {
    return this.#name(name, type, fill ? { kind: "input", name, fill } : { kind: "input", name });
  }

  /** The parameter `name`, made on first use: tied weights are one parameter. */
  param(name: string, type: TensorType, options: ParamOptions): Value {
    return this.#named.get(name) ?? this.#name(name, type, { kind: "param", name, ...options });
  }

  constant(type: TensorType, data: ArrayLike<number>): Value {
    return this.#push(type, { kind: "constant", data: Float64Array.from(data) });
  }

  /** `op` applied to `inputs`: the value that stands there already when the same was asked for before. */
  node(op: Op, inputs: readonly Value[], attrs: Attrs, module: ModulePath = this.module): Value {
    const key = `${op.name} ${inputs.map(({ id }) => id)} ${JSON.stringify(attrs)}`;
    const known = this.#nodes.get(key);
    if (known) return known;
    const value = this.#push(op.infer(inputs, attrs), { kind: "node", node: { op, inputs, attrs, module } });
    this.#nodes.set(key, value);
    return value;
  }

  /** The input or parameter of that name. */
  named(name: string): Value | undefined {
    return this.#named.get(name);
  }

  get inputs(): Value[] {
    return this.values.filter(({ origin }) => origin.kind === "input");
  }

  get params(): ParamValue[] {
    return this.values.filter((value): value is ParamValue => value.origin.kind === "param");
  }

  #name(name: string, type: TensorType, origin: Origin): Value {
    if (this.#named.has(name)) throw new RangeError(`the graph already has an input or parameter named ${name}`);
    const value = this.#push(type, origin);
    this.#named.set(name, value);
    return value;
  }

  #push({ dtype, shape }: TensorType, origin: Origin): Value {
    const value = new Value(this, this.values.length as ValueId, { dtype, shape }, origin);
    this.values.push(value);
    return value;
  }
}

/** The values that `ends` depend on, and `ends` themselves, in the graph's order. */
export function reachable(graph: Graph, ends: Iterable<Value>): Value[] {
  const needed = new Set(ends);
  for (const value of [...graph.values].reverse()) {
    if (needed.has(value)) for (const input of nodeOf(value)?.inputs ?? []) needed.add(input);
  }
  return graph.values.filter((value) => needed.has(value));
}

/** The op applied, or `undefined` for an input, parameter or constant. */
export const nodeOf = (value: Value): Node | undefined =>
  value.origin.kind === "node" ? value.origin.node : undefined;
