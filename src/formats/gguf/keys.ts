import { CheckpointError, type ErrorDetail } from "../../errors.ts";
import { brief } from "../json/json.ts";
import type { GgufNumbers, GgufValue } from "./values.ts";

const { fround } = Math;

/** Typed access to metadata. A key that begins with a point is one of the architecture's: `.block_count`. */
export class GgufKeys {
  readonly #metadata: ReadonlyMap<string, GgufValue>;
  readonly #architecture: string;
  readonly #path: string;

  constructor(metadata: ReadonlyMap<string, GgufValue>, architecture: string, path: string) {
    this.#metadata = metadata;
    this.#architecture = architecture;
    this.#path = path;
  }

  /** The refusal of this file. */
  fail(what: string, detail: ErrorDetail = {}): CheckpointError {
    return new CheckpointError(`${this.#path}: ${what}`, detail);
  }

  /** A whole number. @throws {CheckpointError} when it is missing and has no fallback, or is something else. */
  int(key: string, fallback?: number): number {
    return this.#required(key, this.maybeInt(key) ?? fallback, "a whole number");
  }

  /** A whole number, if the key is there. @throws {CheckpointError} when it is something else. */
  maybeInt(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0))
      return value as number | undefined;
    throw this.#wrong(key, value, "a whole number");
  }

  /** A number, spelled as briefly as its float32 allows: 1e-5, not 9.999999747378752e-6. @throws as `int`. */
  float(key: string, fallback?: number): number {
    return this.#required(key, this.maybeFloat(key) ?? fallback, "a number");
  }

  /** `float`, or `undefined` when the key is missing. @throws as `maybeInt`. */
  maybeFloat(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isFinite(value)) return shortFloat(value);
    throw this.#wrong(key, value, "a finite number");
  }

  /** A text, if the key is there. @throws as `maybeInt`. */
  maybeString(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, value, "a string");
  }

  /** A boolean. @throws as `maybeInt`. */
  bool(key: string, fallback: boolean): boolean {
    const value = this.#value(key) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.#wrong(key, value, "a boolean");
  }

  /** Numbers, one a layer; booleans are 0 and 1. @throws as `maybeInt`. */
  maybeNumbers(key: string): GgufNumbers | undefined {
    const value = this.#value(key);
    if (value === undefined || ArrayBuffer.isView(value)) return value;
    throw this.#wrong(key, value, "an array of numbers");
  }

  /** A key in full. */
  nameOf(key: string): string {
    return key.startsWith(".") ? `${this.#architecture}${key}` : key;
  }

  #value(key: string): GgufValue | undefined {
    return this.#metadata.get(this.nameOf(key));
  }

  #required(key: string, value: number | undefined, expected: string): number {
    if (value !== undefined) return value;
    throw this.fail(`the metadata lacks ${this.nameOf(key)}`, { expected });
  }

  #wrong(key: string, value: GgufValue, expected: string): CheckpointError {
    const text = typeof value === "string" ? brief(value) : String(value);
    const shown = typeof value === "object" ? `an array of ${value.length}` : text;
    return this.fail(`${this.nameOf(key)} is ${shown}`, { expected });
  }
}

/** The shortest decimal that is the same float32; a number that is none stays as it is. */
export function shortFloat(x: number): number {
  if (fround(x) !== x) return x;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (fround(short) === x) return short;
  }
  return x;
}
