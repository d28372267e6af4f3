import { parquetMetadata } from "hyparquet";
import type { Random } from "../../../src/random.ts";
import { chance, type Mutation, pick } from "./format.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** A value of a struct in Thrift's compact protocol. */
interface Field {
  readonly kind: "varint" | "binary" | "list" | "byte";
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const [I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT] = [4, 5, 6, 7, 8, 9, 10, 12];

/** The fields of the struct at `from`, those of structs inside included; and where it ends. */
function fieldsOf(bytes: Uint8Array, from: number): { readonly fields: Field[]; readonly end: number } {
  const fields: Field[] = [];
  let at = from;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  const value = (type: number, name: string): void => {
    const start = at;
    if (type === I16 || type === I32 || type === I64) varint();
    else if (type === DOUBLE) at += 8;
    else if (type === 3) at++;
    else if (type === BINARY) at += varint();
    else if (type === STRUCT) struct(name);
    else if (type === LIST || type === SET) {
      const header = bytes[at++] ?? 0;
      const count = header >> 4 === 15 ? varint() : header >> 4;
      fields.push({ kind: "list", name: `${name} (length)`, start, end: at });
      for (let i = 0; i < count; i++) value(header & 15, `${name}[${i}]`);
    }
    if (at === start || type === LIST || type === SET || type === STRUCT) return;
    const kind = type === BINARY ? "binary" : type === DOUBLE || type === 3 ? "byte" : "varint";
    fields.push({ kind, name, start, end: at });
  };
  function struct(name: string): void {
    for (let id = 0; ; ) {
      const start = at;
      const header = bytes[at++] ?? 0;
      if (header === 0) return;
      if (header >> 4 === 0) id = varint() >> 1;
      else id += header >> 4;
      fields.push({ kind: "byte", name: `header of ${name}.${id}`, start, end: start + 1 });
      value(header & 15, `${name}.${id}`);
    }
  }
  struct("");
  return { fields, end: at };
}

function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const zigzag = (value: bigint): bigint => (value < 0n ? -2n * value - 1n : 2n * value);
const WHOLES = [
  0n,
  1n,
  -1n,
  2n,
  5n,
  31n,
  32n,
  64n,
  100n,
  1_000n,
  1_000_000n,
  2n ** 30n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 53n,
  2n ** 62n,
  -(2n ** 63n),
];

function replacement(random: Random, { kind, start, end }: Field, bytes: Buffer): [Buffer, string] {
  const own = bytes.subarray(start, end);
  if (kind === "varint") {
    const value = pick(random, WHOLES);
    return [varintOf(zigzag(value)), String(value)];
  }
  if (kind === "binary") {
    const text = pick(random, ["", "a", "\0", "text", "x".repeat(100_000), "__proto__"]);
    return [
      Buffer.concat([varintOf(BigInt(Buffer.byteLength(text))), Buffer.from(text)]),
      JSON.stringify(text.slice(0, 20)),
    ];
  }
  if (kind === "list") {
    const count = pick(random, [0n, 1n, 14n, 15n, 1_000n, 2n ** 31n, 2n ** 40n]);
    const type = (own[0] ?? 0) & 15;
    return [
      count < 15n ? Buffer.of((Number(count) << 4) | type) : Buffer.concat([Buffer.of(0xf0 | type), varintOf(count)]),
      String(count),
    ];
  }
  const changed = Buffer.from(own);
  changed[random.int(changed.length)] = random.int(256);
  return [changed, changed.toString("hex")];
}

interface Parsed {
  readonly footer: readonly Field[];
  readonly pages: readonly Field[];
}

const files = new WeakMap<Uint8Array, Parsed>();

/** Of a valid file the fields of its footer and of its pages' headers. */
function parsedOf(bytes: Uint8Array): Parsed {
  const known = files.get(bytes);
  if (known) return known;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footer = fieldsOf(bytes, bytes.length - 8 - view.getUint32(bytes.length - 8, true)).fields;
  const { row_groups } = parquetMetadata(new Uint8Array(bytes).buffer);
  const pages = row_groups.flatMap(({ columns }) =>
    columns.flatMap(({ meta_data }) => {
      const offsets = [meta_data?.dictionary_page_offset, meta_data?.data_page_offset];
      return offsets.flatMap((offset) => (offset === undefined ? [] : fieldsOf(bytes, Number(offset)).fields));
    }),
  );
  const made = { footer, pages };
  files.set(bytes, made);
  return made;
}

/** Changes fields of the footer, whose length is put right, or of a page's header, or bytes. */
export function mutateParquet(original: Uint8Array, random: Random): Mutation {
  if (chance(random, 0.25)) return mutateBytes(original, random);
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.byteLength);
  const { footer, pages } = parsedOf(original);
  const inFooter = chance(random, 0.6);
  const field = pick(random, inFooter ? footer : pages);
  const [value, what] = replacement(random, field, bytes);
  const changed = Buffer.concat([bytes.subarray(0, field.start), value, bytes.subarray(field.end)]);
  const longer = changed.length - bytes.length;
  if (inFooter) changed.writeUInt32LE(bytes.readUInt32LE(bytes.length - 8) + longer, changed.length - 8);
  const changes = `${inFooter ? "footer" : "page"}${field.name} = ${what}`;
  if (!chance(random, 0.2)) return { bytes: changed, changes };
  const more = mutateBytes(changed, random);
  return { bytes: more.bytes, changes: `${changes}; ${more.changes}` };
}
