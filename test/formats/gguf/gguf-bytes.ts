/** A metadata value: the number of its type, and its bytes. */
export interface Value {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A tensor to be described; `offset` and `data` default to what is right. */
export interface Described {
  readonly name: string | Uint8Array;
  /** As the file lists them: the length of a row first. */
  readonly dims: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset?: number | bigint;
  /** Bytes of data; by default four a value. */
  readonly bytes?: number;
}

/** A file to be made; every part may be wrong. */
export interface Parts {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: bigint;
  readonly keyCount?: bigint;
  readonly metadata?: readonly (readonly [key: string | Uint8Array, value: Value])[];
  readonly tensors?: readonly Described[];
  readonly alignment?: number;
  /** Bytes put behind the data. */
  readonly more?: number;
}

export const u32 = (value: number): Value => ({
  type: 4,
  bytes: littleEndian(4, (view) => view.setUint32(0, value, true)),
});
export const u64 = (value: bigint): Value => ({
  type: 10,
  bytes: littleEndian(8, (view) => view.setBigUint64(0, value, true)),
});
export const f32 = (value: number): Value => ({
  type: 6,
  bytes: littleEndian(4, (view) => view.setFloat32(0, value, true)),
});
export const bool = (value: number): Value => ({ type: 7, bytes: Uint8Array.of(value) });
export const string = (text: string | Uint8Array): Value => ({ type: 8, bytes: sized(text) });

/** An array of values of one type; `count` lies about their number. */
export const array = (type: number, values: readonly Value[], count = BigInt(values.length)): Value => ({
  type: 9,
  bytes: Buffer.concat([u32(type).bytes, u64(count).bytes, ...values.map(({ bytes }) => bytes)]),
});

function littleEndian(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
}

function sized(text: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([u64(BigInt(bytes.length)).bytes, bytes]);
}

/** The bytes of a GGUF file; data are 1, 2, 3, … */
export function ggufOf(parts: Parts): Uint8Array {
  const { magic = "GGUF", version = 3, metadata = [], tensors = [], alignment = 32, more = 0 } = parts;
  const padded = (length: number): number => Math.ceil(length / alignment) * alignment;
  const header: Uint8Array[] = [
    Buffer.from(magic, "latin1"),
    u32(version).bytes,
    u64(parts.tensorCount ?? BigInt(tensors.length)).bytes,
    u64(parts.keyCount ?? BigInt(metadata.length)).bytes,
    ...metadata.flatMap(([key, { type, bytes }]) => [sized(key), u32(type).bytes, bytes]),
  ];
  let end = 0;
  for (const { name, dims, type = 0, offset, bytes } of tensors) {
    header.push(sized(name), u32(dims.length).bytes, ...dims.map((dim) => u64(BigInt(dim)).bytes));
    header.push(u32(type).bytes, u64(BigInt(offset ?? end)).bytes);
    end = padded(end + (bytes ?? 4 * dims.reduce((product: number, dim) => product * Number(dim), 1)));
  }
  const start = Buffer.concat(header);
  const data = Uint8Array.from({ length: end + more }, (_, i) => i + 1);
  return Buffer.concat([start, new Uint8Array(padded(start.length) - start.length), data]);
}
