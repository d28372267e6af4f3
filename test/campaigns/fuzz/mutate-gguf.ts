import type { Random } from "../../../src/random.ts";
import { chance, type Mutation, pick } from "./format.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** A part of a GGUF header. */
export interface Part {
  readonly kind: "u32" | "u64" | "f32" | "byte" | "string" | "pair" | "tensor" | "array";
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Of an array, where its count stands and how long its elements are. */
  readonly count?: { readonly at: number; readonly value: number; readonly elements: readonly number[] };
}

export interface Header {
  readonly parts: readonly Part[];
  readonly end: number;
  readonly dataStart: number;
}

const SIZES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const ALIGNMENT = 32;

/** The parts of a valid header, at the places that their values have. */
export function ggufParts(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Part[] = [];
  let at = 4;
  const u32 = (name: string): number => {
    parts.push({ kind: "u32", name, start: at, end: at + 4 });
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const u64 = (name: string): number => {
    parts.push({ kind: "u64", name, start: at, end: at + 8 });
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const string = (name: string, noted = true): string => {
    const [start, length] = [at, Number(view.getBigUint64(at, true))];
    at += 8 + length;
    if (noted)
      parts.push(
        { kind: "string", name, start, end: at },
        { kind: "u64", name: `length of ${name}`, start, end: start + 8 },
      );
    return new TextDecoder().decode(bytes.subarray(start + 8, at));
  };
  const value = (type: number, name: string, noted = true): void => {
    if (type === 8) return void string(name, noted);
    const size = SIZES[type] ?? 1;
    const kind = type === 6 ? "f32" : size === 4 ? "u32" : size === 8 ? "u64" : "byte";
    if (noted) parts.push({ kind, name, start: at, end: at + size });
    at += size;
  };
  const array = (name: string): void => {
    const start = at;
    const type = u32(`element type of ${name}`);
    const countAt = at;
    const count = u64(`count of ${name}`);
    const elements = [at];
    for (let i = 0; i < count; i++) {
      value(type, `${name}[${i}]`, i < 3);
      elements.push(at);
    }
    parts.push({ kind: "array", name, start, end: at, count: { at: countAt, value: count, elements } });
  };

  u32("version");
  const [tensors, keys] = [u64("tensor count"), u64("key count")];
  for (let i = 0; i < keys; i++) {
    const start = at;
    const key = string(`key ${i}`);
    const type = u32(`type of ${key}`);
    if (type === 9) array(key);
    else value(type, key);
    parts.push({ kind: "pair", name: key, start, end: at });
  }
  for (let i = 0; i < tensors; i++) {
    const start = at;
    const name = string(`tensor name ${i}`);
    const dims = u32(`dims of ${name}`);
    for (let dim = 0; dim < dims; dim++) u64(`dim ${dim} of ${name}`);
    u32(`type of ${name}`);
    u64(`offset of ${name}`);
    parts.push({ kind: "tensor", name, start, end: at });
  }
  return { parts, end: at, dataStart: Math.ceil(at / ALIGNMENT) * ALIGNMENT };
}

const WHOLES = [
  0n,
  1n,
  2n,
  3n,
  7n,
  31n,
  32n,
  64n,
  255n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const FLOATS = [0, -1, 1e-45, 1e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5];
const TEXTS = [
  "",
  "a",
  "\0",
  "general.architecture",
  "general.alignment",
  "llama",
  "bert",
  "clip",
  "gpt2",
  "token_embd.weight",
  "blk.0.attn_q.weight",
  "blk.99.attn_q.weight",
  "__proto__",
  "x".repeat(70),
  "x".repeat(100_000),
  "▁",
  "<0x41>",
  "{{ 1/0 }}",
];

const littleEndian = (value: bigint, bytes: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, value));
  return buffer.subarray(0, bytes);
};
const sized = (text: string): Buffer =>
  Buffer.concat([littleEndian(BigInt(Buffer.byteLength(text)), 8), Buffer.from(text)]);
const floating = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
};

/** Another value for a part, as bytes. */
function replacement(random: Random, part: Part, bytes: Buffer, parts: readonly Part[]): [Buffer, string] {
  const { kind, start, end } = part;
  const own = bytes.subarray(start, end);
  switch (kind) {
    case "f32": {
      const value = pick(random, FLOATS);
      return [floating(value), String(value)];
    }
    case "u32":
    case "u64":
    case "byte": {
      const width = end - start;
      const old =
        kind === "byte" ? BigInt(own[0] ?? 0) : width === 4 ? BigInt(own.readUInt32LE()) : own.readBigUInt64LE();
      const near = [old + 1n, old - 1n, old * 2n, old / 2n, old + 32n, old * 1000n];
      const value = chance(random, 0.5) ? pick(random, near) : pick(random, WHOLES);
      return [littleEndian(value, width), String(value)];
    }
    case "string": {
      const other = pick(
        random,
        parts.filter((part) => part.kind === "string"),
      );
      if (chance(random, 0.4)) return [bytes.subarray(other.start, other.end), other.name];
      const text = pick(random, TEXTS);
      return [sized(text), JSON.stringify(text.slice(0, 30))];
    }
    case "array": {
      const { at, value, elements } = part.count as NonNullable<Part["count"]>;
      const kept = pick(
        random,
        [0, 1, value - 1, value >> 1].filter((count) => count >= 0 && count <= value),
      );
      const begin = bytes.subarray(start, at);
      const first = elements[0] as number;
      const twice = chance(random, 0.3);
      const body = twice
        ? [bytes.subarray(first, end), bytes.subarray(first, end)]
        : [bytes.subarray(first, elements[kept])];
      const count = twice ? 2 * value : kept;
      return [Buffer.concat([begin, littleEndian(BigInt(count), 8), ...body]), `${count} elements`];
    }
    default: {
      const twice = chance(random, 0.4);
      const other = pick(
        random,
        parts.filter((part) => part.kind === kind),
      );
      if (twice) return [Buffer.concat([own, own]), "twice"];
      return chance(random, 0.5) ? [Buffer.alloc(0), "left out"] : [bytes.subarray(other.start, other.end), other.name];
    }
  }
}

const KINDS = ["u32", "u64", "f32", "byte", "string", "pair", "tensor", "array"] as const;

/** Each kind as often as the others, and the counts at the start now and then: a vocabulary has most of the parts. */
function partToChange(random: Random, parts: readonly Part[]): Part {
  if (chance(random, 0.1)) return parts[random.int(3)] as Part;
  const kind = pick(random, KINDS);
  const alike = parts.filter((part) => part.kind === kind);
  return pick(random, alike.length > 0 ? alike : parts);
}

const headers = new WeakMap<Uint8Array, Header>();

/** Changes one to three parts of the header and moves the data to where they belong then; or changes bytes. */
export function mutateGguf(original: Uint8Array, random: Random): Mutation {
  if (chance(random, 0.1)) return mutateBytes(original, random);
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.byteLength);
  const header = headers.get(original) ?? ggufParts(original);
  headers.set(original, header);
  const { parts, end, dataStart } = header;
  const chosen = Array.from({ length: pick(random, [1, 1, 1, 2, 3]) }, () => partToChange(random, parts));
  chosen.sort((a, b) => a.start - b.start || b.end - a.end);
  const [pieces, changes] = [[] as Uint8Array[], [] as string[]];
  let [at, fewer] = [0, { pair: 0, tensor: 0 }];
  for (const part of chosen) {
    if (part.start < at) continue;
    const [value, what] = replacement(random, part, bytes, parts);
    pieces.push(bytes.subarray(at, part.start), value);
    at = part.end;
    changes.push(`${part.name} = ${what}`);
    if (part.kind !== "pair" && part.kind !== "tensor") continue;
    fewer = { ...fewer, [part.kind]: fewer[part.kind] + (what === "left out" ? -1 : what === "twice" ? 1 : 0) };
  }
  const head = Buffer.concat([...pieces, bytes.subarray(at, end)]);
  if ((fewer.pair !== 0 || fewer.tensor !== 0) && chance(random, 0.8)) {
    for (const [at, more] of [
      [8, fewer.tensor],
      [16, fewer.pair],
    ] as const) {
      head.set(littleEndian(head.readBigUInt64LE(at) + BigInt(more), 8), at);
    }
  }
  const padding = Buffer.alloc((ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT);
  const data = bytes.subarray(dataStart);
  return { bytes: Buffer.concat([head, padding, data]), changes: changes.join("; ") };
}
