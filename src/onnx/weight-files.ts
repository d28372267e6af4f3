import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  TensorProto_DataLocation as DataLocation,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import { type DType, ELEMENT_BYTES, type TensorType } from "../ir/types.ts";
import { elementType } from "./element-types.ts";

/** Reads the bytes of a weight: little-endian, row-major. */
export type WeightBytes = (name: string) => Promise<Uint8Array>;

/** A file of a model, written chunk by chunk. */
export interface ModelFile {
  readonly name: string;
  /** @throws {RangeError} when a weight is read that is not as long as its type and shape say. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** A weight to be stored. */
export interface Weight {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** A parameter of that name as a weight. */
export function weightOf(name: string, { dtype, shape }: TensorType): Weight {
  const lengths = shape as readonly number[];
  return { name, dtype, shape: lengths, bytes: lengths.reduce((n, x) => n * x, ELEMENT_BYTES[dtype]) };
}

/** A model in one file, the weights behind the rest of the graph. */
export function inlineFile(model: ModelProto, weights: readonly Weight[], read: WeightBytes, name: string): ModelFile {
  const { graph: own = create(GraphProtoSchema), ...rest } = model;
  const graph = toBinary(GraphProtoSchema, own);
  const heads = weights.map(headOf);
  const length = weights.reduce((sum, { bytes }, i) => sum + bytes + (heads[i]?.length ?? 0), graph.length);
  const { number } = ModelProtoSchema.field.graph;
  return {
    name,
    async *chunks() {
      yield toBinary(ModelProtoSchema, create(ModelProtoSchema, rest));
      yield new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
      yield graph;
      for (const [i, weight] of weights.entries()) {
        yield heads[i] as Uint8Array;
        yield await bytesOf(weight, read);
      }
    },
  };
}

/** Header before a weight's bytes in the graph's message. */
function headOf(weight: Weight): Uint8Array {
  const tensor = toBinary(TensorProtoSchema, tensorOf(weight));
  const tag = (field: number, length: number) => new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length);
  const data = tag(TensorProtoSchema.field.rawData.number, weight.bytes).finish();
  const length = tensor.length + data.length + weight.bytes;
  return tag(GraphProtoSchema.field.initializer.number, length).raw(tensor).raw(data).finish();
}

const tensorOf = ({ name, dtype, shape }: Weight, more: MessageInitShape<typeof TensorProtoSchema> = {}): TensorProto =>
  create(TensorProtoSchema, { name, dataType: elementType(dtype), dims: shape.map(BigInt), ...more });

/** Weights lie on multiples of this, so that they can be mapped into memory. */
const PAGE_BYTES = 4096;

/** A model whose weights lie in files of their own, none longer than `dataBytes` unless one weight is. */
export function externalFiles(
  model: ModelProto,
  weights: readonly Weight[],
  read: WeightBytes,
  name: string,
  dataBytes: number,
): ModelFile[] {
  const parts = split(weights, dataBytes);
  const nameOf = (i: number): string => `${name}_data${i === 0 ? "" : `_${i}`}`;
  const initializer = parts.flatMap((part, i) =>
    part.map(({ weight, offset }) => externalTensor(weight, nameOf(i), offset)),
  );
  const { graph = create(GraphProtoSchema) } = model;
  const whole = { ...model, graph: { ...graph, initializer: [...graph.initializer, ...initializer] } };
  const files = parts.map((part, i) => ({ name: nameOf(i), chunks: () => dataChunks(part, read) }));
  return [...files, inlineFile(whole, [], read, name)];
}

function externalTensor(weight: Weight, location: string, offset: number): TensorProto {
  const place = { location, offset: String(offset), length: String(weight.bytes) };
  const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
  return tensorOf(weight, { dataLocation: DataLocation.EXTERNAL, externalData });
}

/** A parameter whose bytes are handed over beside the model, as a file that has its name. */
export const weightInMemory = (name: string, type: TensorType): TensorProto =>
  externalTensor(weightOf(name, type), name, 0);

/** A weight and where it begins in its file. */
interface Placed {
  readonly weight: Weight;
  readonly offset: number;
}

function split(weights: readonly Weight[], dataBytes: number): Placed[][] {
  const parts: Placed[][] = [];
  let end = Number.POSITIVE_INFINITY;
  for (const weight of weights) {
    const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
    const fits = offset + weight.bytes <= dataBytes;
    if (!fits) parts.push([]);
    parts.at(-1)?.push({ weight, offset: fits ? offset : 0 });
    end = (fits ? offset : 0) + weight.bytes;
  }
  return parts;
}

async function* dataChunks(part: readonly Placed[], read: WeightBytes): AsyncGenerator<Uint8Array> {
  let end = 0;
  for (const { weight, offset } of part) {
    yield new Uint8Array(offset - end);
    yield await bytesOf(weight, read);
    end = offset + weight.bytes;
  }
}

async function bytesOf({ name, bytes }: Weight, read: WeightBytes): Promise<Uint8Array> {
  const found = await read(name);
  if (found.length !== bytes)
    throw new RangeError(`${name} has ${found.length} bytes, its type and shape take ${bytes}`);
  return found;
}
