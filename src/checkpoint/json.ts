import { CheckpointError } from "../errors.ts";
import { readText } from "../platform/node.ts";

/** A JSON object as parsed, nothing known of its keys. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads a file that holds one JSON object.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it holds something else.
 */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path} is not valid JSON: ${(cause as SyntaxError).message}`, { cause });
  }
  if (!isObject(value)) throw new CheckpointError(`${path} must hold a JSON object`);
  return value;
}
