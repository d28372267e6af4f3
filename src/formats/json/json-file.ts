import { writeTextAtomic } from "#platform";
import { type JsonObject, parseJsonObject, readJsonBytes } from "./json.ts";

/** Stands before the digits of a whole number that Python wrote as a float. No JSON text of our own begins so. */
const FLOAT = "\u0000";
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * A number that Python reads as a float though it is whole: `1` becomes `1.0`, which JavaScript's numbers cannot say and
 * Python's libraries insist on.
 */
export const float = (x: number): number | string => (Number.isInteger(x) ? `${FLOAT}${x}.0` : x);

/**
 * Reads a JSON object to be written again by {@link writeJson}: floats stay floats, spelled as they were.
 * @throws {FileError} when the file is missing.
 * @throws {CheckpointError} when it holds something else.
 */
export async function readJsonToEdit(path: string): Promise<JsonObject> {
  const bytes = await readJsonBytes(path);
  parseJsonObject(bytes, path);
  const marked = new TextDecoder()
    .decode(bytes)
    .replace(TOKENS, (token) =>
      !token.startsWith('"') && /[.eE]/.test(token) ? JSON.stringify(FLOAT + token) : token,
    );
  return JSON.parse(marked) as JsonObject;
}

/**
 * Writes an object as Python's `json.dumps(…, indent=2, sort_keys=True)` would: ASCII only. Keys of objects inside keep
 * their order, which in PEFT's pattern tables decides.
 */
export function writeJson(path: string, object: JsonObject): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify(sorted, null, 2).replace(/"\\u0000([^"]*)"/g, "$1");
  return writeTextAtomic(path, text.replace(/[\u007f-\uffff]/g, escaped));
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** True when a key of a configuration has no effect: null, false, zero or empty. */
export const isOff = (value: unknown): boolean =>
  !value || (typeof value === "object" && Object.keys(value).length === 0);
