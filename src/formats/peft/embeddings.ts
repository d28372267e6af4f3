import { endsWithPath, type TargetRules } from "../../peft/targets.ts";

/** The names by which PEFT tells that an adapter's targets are embeddings: `EMBEDDING_LAYER_NAMES`. */
const NAMES = ["embed_tokens", "lm_head"];
const INPUT = ["embed_tokens", "wte", "embed_in"];
const OUTPUT = ["lm_head", "embed_out"];

/** The end of the name of a weight of the base that PEFT saves beside its adapter. */
export const BASE_LAYER = ".base_layer.weight";

/** True for a weight of the base beside its adapter. */
export const isBaseLayer = (param: string): boolean => param.endsWith(BASE_LAYER);

/** True for the weight of a language model's input embedding. */
export const isInputEmbedding = (param: string): boolean => INPUT.some((name) => endsWithPath(param, `${name}.weight`));

/**
 * The adapted modules whose weights PEFT saves whole beside their adapter (`save_embedding_layers="auto"`): input embedding and
 * output layer, where the targets name one of them as PEFT does.
 * @param modules Paths of those that carry an adapter.
 */
export function savedWhole(targets: TargetRules["targetModules"], modules: ReadonlySet<string>): string[] {
  const isNamed =
    typeof targets === "string"
      ? [...modules].some((module) => NAMES.some((name) => endsWithPath(module, name)))
      : NAMES.some((name) => targets.includes(name));
  return isNamed
    ? [...modules].filter((module) => [...INPUT, ...OUTPUT].some((name) => endsWithPath(module, name)))
    : [];
}
