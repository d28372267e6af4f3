import type { TargetRules } from "../../peft/targets.ts";
import type { JsonObject } from "../json/json.ts";
import { layerCount, layerKeys } from "../transformers/layer-keys.ts";

/**
 * PEFT's rules that take these modules: paths inside a layer, and the layers if not all have them; whole paths where
 * layers differ.
 * @param baseConfig The base model's `config.json`.
 */
export function targetsOf(
  modules: readonly string[],
  baseConfig: JsonObject,
): Pick<TargetRules, "targetModules" | "layersToTransform"> {
  const { inside, layers, outside } = layerKeys(modules) ?? { inside: [], layers: [], outside: [] };
  if (layers.length === layerCount(baseConfig)) return { targetModules: [...inside, ...outside] };
  if (layers.length === 0 || outside.length > 0) return { targetModules: modules };
  return { targetModules: inside, layersToTransform: layers };
}
