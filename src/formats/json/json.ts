import { openFile } from "#platform";
import { JSON_BOUNDS, type JsonBounds, parseBoundedJson } from "../../bounded-json.ts";
import { CheckpointError } from "../../errors.ts";

/** A JSON object as parsed, nothing known of its keys. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True when a parsed value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads a file that holds one JSON object.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it holds something else, or exceeds the bounds: a longer file is not read at all.
 */
export async function readJsonObject(path: string, bounds = JSON_BOUNDS): Promise<JsonObject> {
  return parseJsonObject(await readJsonBytes(path, bounds), path, bounds);
}

/**
 * The bytes of a JSON file.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it is longer than the bounds allow; none of it is read then.
 */
export async function readJsonBytes(path: string, bounds = JSON_BOUNDS): Promise<Uint8Array> {
  const file = await openFile(path);
  try {
    if (file.size <= bounds.bytes) return await file.read(0, file.size);
    throw new CheckpointError(`${path} has ${file.size} bytes; the limit for JSON is ${bounds.bytes}`, {
      hint: "is it another kind of file with this name by mistake?",
    });
  } finally {
    await file.close();
  }
}

/**
 * The JSON value in the bytes of a file.
 * @throws {CheckpointError} when they hold none, or exceed the bounds.
 */
export function parseJson(bytes: Uint8Array, path: string, bounds: JsonBounds = JSON_BOUNDS): unknown {
  try {
    return parseBoundedJson(bytes, bounds);
  } catch (cause) {
    const what = cause instanceof RangeError ? "contains more JSON than the limit" : "is not valid JSON";
    throw new CheckpointError(`${path} ${what}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * One JSON object out of the bytes of a file.
 * @throws {CheckpointError} as {@link readJsonObject} does.
 */
export function parseJsonObject(bytes: Uint8Array, path: string, bounds: JsonBounds = JSON_BOUNDS): JsonObject {
  const value = parseJson(bytes, path, bounds);
  if (!isObject(value)) throw new CheckpointError(`${path} must contain a JSON object`);
  return value;
}

const SHOWN = 80;

/** A parsed value as JSON, cut after 80 characters, for messages. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
