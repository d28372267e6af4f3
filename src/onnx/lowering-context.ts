import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import type { Lowering, OnnxAttr, OnnxNodeOptions } from "../ir/lowering.ts";
import type { Dim, DType, Shape, TensorType } from "../ir/types.ts";
import { elementType, encodeElements } from "./element-types.ts";
import type { Override } from "./override.ts";

/** Names of the inputs, and the axis, at which each named dim can be read at run time. */
export type DimSources = ReadonlyMap<string, { readonly input: string; readonly axis: number }>;

/** Gathers nodes and constants; equal nodes on equal inputs become one. */
export class LoweringContext implements Lowering {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  readonly #sources: DimSources;
  readonly #overrides: Readonly<Record<string, Override>>;
  /** Operators whose override is being written: within it, their name means the operator itself. */
  readonly #within = new Set<string>();
  readonly #known = new Map<string, readonly string[]>();
  readonly #types = new Map<string, TensorType>();

  /** @param overrides What is written instead of a node, by its operator. */
  constructor(sources: DimSources, overrides: Readonly<Record<string, Override>> = {}) {
    this.#sources = sources;
    this.#overrides = overrides;
  }

  /** Says the type of a tensor, so that overrides of the nodes that read it see it. */
  typed(name: string, { dtype, shape }: TensorType): void {
    this.#types.set(name, { dtype, shape });
  }

  node(opType: string, inputs: readonly string[], options: OnnxNodeOptions = {}): string {
    return this.output(0, opType, inputs, options);
  }

  output(
    index: number,
    opType: string,
    inputs: readonly string[],
    { attrs = {}, domain }: OnnxNodeOptions = {},
  ): string {
    const override = index === 0 && !this.#within.has(opType) ? this.#overrides[opType] : undefined;
    if (override)
      return this.#override(opType, () =>
        override(this, inputs, { attrs, types: inputs.map((input) => this.#types.get(input)) }),
      );
    const key = `${opType} ${inputs.join(",")} ${JSON.stringify(attrs)} ${domain ?? ""}`;
    const known = this.#known.get(key);
    if (known) return known[index] as string;
    const name = `${opType}_${this.nodes.length}`;
    const outputs = SEVERAL_OUTPUTS[opType] === undefined ? [name] : SEVERAL_OUTPUTS[opType].map((part) => name + part);
    this.#known.set(key, outputs);
    const attribute = Object.entries(attrs).map(([name, value]) => attributeProto(name, value));
    const node = { name, opType, input: [...inputs], output: [...outputs], attribute, domain: domain ?? "" };
    this.nodes.push(create(NodeProtoSchema, node));
    return outputs[index] as string;
  }

  #override(opType: string, write: () => string): string {
    this.#within.add(opType);
    try {
      return write();
    } finally {
      this.#within.delete(opType);
    }
  }

  constant(dtype: DType, shape: readonly number[], data: ArrayLike<number>): string {
    const values = Array.from(data);
    const key = `constant ${dtype} ${shape} ${values}`;
    const known = this.#known.get(key)?.[0];
    if (known) return known;
    const name = `constant_${this.constants.length}`;
    this.#known.set(key, [name]);
    this.typed(name, { dtype, shape });
    const tensor = {
      name,
      dataType: elementType(dtype),
      dims: shape.map(BigInt),
      rawData: encodeElements(dtype, values),
    };
    this.constants.push(create(TensorProtoSchema, tensor));
    return name;
  }

  scalar(value: number): string {
    return this.constant("float32", [], [value]);
  }

  ints(values: readonly number[]): string {
    return this.constant("int64", [values.length], values);
  }

  shape(shape: Shape): string {
    const unknown = shape.filter((dim) => typeof dim === "string").length;
    if (unknown <= 1) return this.ints(shape.map((dim) => (typeof dim === "number" ? dim : -1)));
    return this.node(
      "Concat",
      shape.map((dim) => this.#length(dim)),
      { attrs: { axis: 0 } },
    );
  }

  #length(dim: Dim): string {
    if (typeof dim === "number" || /^\d+$/.test(dim)) return this.ints([Number(dim)]);
    const [first, ...rest] = dim.split("*") as [string, ...string[]];
    if (rest.length > 0) return this.node("Mul", [this.#length(first), this.#length(rest.join("*"))]);
    const source = this.#sources.get(dim);
    if (!source) throw new RangeError(`no input has a dim named ${dim}`);
    return this.node("Gather", [this.node("Shape", [source.input]), this.ints([source.axis])]);
  }
}

/** Outputs of the ops of which more than the first is used. */
const SEVERAL_OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  LayerNormalization: ["", "_mean", "_inverse_std"],
  SimplifiedLayerNormalization: ["", "_inverse_rms"],
  Split: ["_first", "_second"],
  TopK: ["", "_places"],
};

function attributeProto(name: string, value: OnnxAttr): AttributeProto {
  const body =
    typeof value === "string"
      ? { type: AttributeType.STRING, s: new TextEncoder().encode(value) }
      : typeof value === "number"
        ? { type: AttributeType.INT, i: BigInt(value) }
        : "float" in value
          ? { type: AttributeType.FLOAT, f: value.float }
          : { type: AttributeType.INTS, ints: value.map(BigInt) };
  return create(AttributeProtoSchema, { name, ...body });
}
