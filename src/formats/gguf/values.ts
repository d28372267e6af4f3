import type { GgufCursor } from "./cursor.ts";

/** A value of a GGUF file's metadata. Integers past 2⁵³ are bigints. */
export type GgufValue = string | number | bigint | boolean | readonly string[] | GgufNumbers;

/** Numbers of one type; booleans are 0 and 1. */
export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

/** A type of number: its name in messages, and the array that views many of them. */
interface NumberType {
  readonly name: string;
  readonly View: { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): GgufNumbers };
}

/** Types of numbers by the number that stands for them. */
const NUMBERS: Readonly<Record<number, NumberType>> = {
  0: { name: "UINT8", View: Uint8Array },
  1: { name: "INT8", View: Int8Array },
  2: { name: "UINT16", View: Uint16Array },
  3: { name: "INT16", View: Int16Array },
  4: { name: "UINT32", View: Uint32Array },
  5: { name: "INT32", View: Int32Array },
  6: { name: "FLOAT32", View: Float32Array },
  10: { name: "UINT64", View: BigUint64Array },
  11: { name: "INT64", View: BigInt64Array },
  12: { name: "FLOAT64", View: Float64Array },
};
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;
/** Most texts of one array: the largest vocabularies have 262,144 tokens and 514,906 merges. */
const MAX_STRINGS = 2_000_000;
const NAMES = [...Object.values(NUMBERS).map(({ name }) => name), "BOOL", "STRING", "ARRAY"].join(", ");

/** The number that stands for UINT32, which is what the alignment has to be. */
export const UINT32 = 4;

/**
 * Reads one value of metadata.
 * @param type The number that stands for its type.
 * @param what What it is, for messages.
 * @throws {CheckpointError} when the type is unknown, an array holds arrays, a boolean is neither 0 nor 1, a string is
 *   not UTF-8, or the file ends too early.
 */
export function readValue(cursor: GgufCursor, type: number, what: string): GgufValue {
  if (type === STRING) return cursor.string(what);
  if (type === ARRAY) return readArray(cursor, what);
  const value = readNumbers(cursor, type, 1, what)[0]!;
  if (type === BOOL) return value === 1;
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function readArray(cursor: GgufCursor, what: string): readonly string[] | GgufNumbers {
  const type = cursor.u32(`the element type of ${what}`);
  if (type === ARRAY) throw cursor.fail(`${what} is an array of arrays`, { expected: "an array of single values" });
  const lengthOf = `the length of ${what}`;
  if (type !== STRING) return readNumbers(cursor, type, cursor.count(lengthOf, bytesOf(cursor, type, what)), what);
  const strings: string[] = [];
  const count = cursor.count(lengthOf, 8);
  if (count > MAX_STRINGS) throw cursor.fail(`${what} has ${count} texts`, { expected: `at most ${MAX_STRINGS}` });
  for (let left = count; left > 0; left--) strings.push(cursor.string(what));
  return strings;
}

function readNumbers(cursor: GgufCursor, type: number, count: number, what: string): GgufNumbers {
  const bytes = cursor.bytes(count * bytesOf(cursor, type, what), what);
  if (type !== BOOL) return new NUMBERS[type]!.View(bytes);
  const booleans = new Uint8Array(bytes);
  const odd = booleans.find((byte) => byte > 1);
  if (odd !== undefined) throw cursor.fail(`${what} contains the boolean ${odd}`, { expected: "0 or 1" });
  return booleans;
}

function bytesOf(cursor: GgufCursor, type: number, what: string): number {
  if (type === BOOL) return 1;
  const found = NUMBERS[type];
  if (found) return found.View.BYTES_PER_ELEMENT;
  throw cursor.fail(`${what} has the unknown type ${type}`, { expected: NAMES });
}
