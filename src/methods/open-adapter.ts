import { AdapterError } from "../errors.ts";
import { brief } from "../formats/json/json.ts";
import { readAdapter } from "../formats/safetensors/adapter.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { TrainedAdapter } from "./definition.ts";
import { definitionFor, METHOD_DEFINITIONS, PEFT_TYPES } from "./index.ts";

/**
 * Opens the adapter in a folder, whichever method and library made it.
 * @throws {FileError | CheckpointError | AdapterError} when it is missing, malformed, or of a kind that is not supported.
 */
export async function openAdapter(folder: string): Promise<TrainedAdapter> {
  const stored = await readAdapter(folder);
  const { format, config } = stored;
  const open = definitionFor(format === "peft" ? config.peft_type : format)?.open;
  if (open) return open(stored);
  throw new AdapterError(`the adapter is of type ${brief(config.peft_type)}`, {
    where: `${folder}/adapter_config.json: peft_type`,
    expected: PEFT_TYPES.join(", "),
  });
}

/** The trained parameters of a folder that the method's `save` wrote. */
export async function readTrained(folder: string, recipe: ResolvedRecipe): Promise<Map<string, Float32Array>> {
  const { read } = METHOD_DEFINITIONS[recipe.method];
  if (read) return read(folder, recipe);
  return new Map([...(await openAdapter(folder)).tensors].map(([name, { data }]) => [name, data]));
}
