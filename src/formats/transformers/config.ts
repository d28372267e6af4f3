import { CheckpointError } from "../../errors.ts";
import { brief, type JsonObject, readJsonObject } from "../json/json.ts";

/** A model's `config.json` as it stands, in its own snake_case keys. */
export interface ModelConfig extends JsonObject {
  readonly model_type: string;
}

/**
 * Reads `config.json` from a model folder; needs no weights beside it.
 * @throws {FileError} when it is missing.
 * @throws {CheckpointError} when it is not an object with a `model_type`.
 */
export async function readConfig(folder: string): Promise<ModelConfig> {
  const path = `${folder}/config.json`;
  const config = await readJsonObject(path);
  const { model_type } = config;
  if (typeof model_type !== "string" || model_type === "") {
    throw new CheckpointError(`${path}: model_type must be a string, got ${brief(model_type)}`, {
      expected: 'the name of an architecture, such as "bert" or "llama"',
    });
  }
  return { ...config, model_type };
}
