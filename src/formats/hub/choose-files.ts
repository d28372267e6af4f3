import { CheckpointError } from "../../errors.ts";
import { ADAPTER_CONFIG, HEAD, HEAD_PICKLE, INDEX, SINGLE } from "../safetensors/file-names.ts";
import { isPickleName, pickleError } from "../safetensors/lookalike.ts";
import { leadsOut, refuseUnwritable } from "./unsafe-names.ts";

const CONFIG = /^(config|adapter_config)\.json$/;
/** Recipe of an adapter trained with this library; a whole model's may be of another program. */
const RECIPE = "recipe.yaml";
/** Files besides weights that are read, or copied to a merged model. */
const PLAIN =
  /^(config\.json|generation_config\.json|tokenizer[\w.-]*\.json|tokenizer\.model|spiece\.model|spm\.model|sentencepiece\.bpe\.model|vocab[\w.-]*\.(json|txt)|merges\.txt|special_tokens_map\.json|added_tokens\.json|chat_template\.(jinja|json)|adapter_config\.json|head_config\.json|modules\.json|sentence_bert_config\.json|config_sentence_transformers\.json|\d_Pooling\/config\.json)$/;

/** Options for choosing files. */
export interface FileChoice {
  /** The repository, for messages. */
  readonly where: string;
  /** Default true; a model with fresh weights needs none. */
  readonly weights?: boolean;
}

/**
 * Files of a repository that this library uses: configuration and tokenizer, and weights once: `model.safetensors`,
 * else the shards of its index, else every safetensors file. Configurations come last, for a folder without one is no model.
 *
 * @throws {CheckpointError} when a name leads out of the folder, or the repository holds no model, or only pickles, or a file
 *   that some systems cannot store under its name.
 */
export function chooseFiles(names: readonly string[], { where, weights: wanted = true }: FileChoice): string[] {
  const astray = names.find(leadsOut);
  if (astray !== undefined) {
    throw new CheckpointError(`${where} lists a file outside its own folder: ${JSON.stringify(astray)}`, {
      hint: "nothing was downloaded; report this model to the Hub.",
    });
  }
  const weights = wanted ? chooseWeights(names) : [];
  if (wanted) refusePickles(names, weights, where);
  const isAdapter = names.includes(ADAPTER_CONFIG);
  const plain = names.filter((name) => PLAIN.test(name) || (isAdapter && name === RECIPE));
  if (!plain.some((name) => CONFIG.test(name))) {
    const gguf = names.find((name) => name.endsWith(".gguf"));
    throw new CheckpointError(`${where} contains no model that lowrank can read`, {
      expected: `config.json and ${SINGLE}, or adapter_config.json and its weights`,
      hint: gguf
        ? `download ${gguf} and use the path of that file.`
        : `it contains: ${names.slice(0, 20).join(", ") || "nothing"}`,
    });
  }
  const chosen = [
    ...weights,
    ...plain.filter((name) => !CONFIG.test(name)),
    ...plain.filter((name) => CONFIG.test(name)),
  ];
  refuseUnwritable(chosen, where);
  return chosen;
}

/** A pickle is no loss where the same weights are there as safetensors. */
function refusePickles(names: readonly string[], weights: readonly string[], where: string): void {
  const pickle = names.find((name) => isPickleName(name) && !name.includes("/"));
  if (weights.length === 0 && pickle !== undefined) {
    throw pickleError(where, pickle, names.includes(ADAPTER_CONFIG) ? "adapter_model.safetensors" : SINGLE);
  }
  const isAdapter = weights.some((name) => name.startsWith("adapter"));
  if (isAdapter && names.includes(HEAD_PICKLE) && !weights.includes(HEAD)) throw pickleError(where, HEAD_PICKLE, HEAD);
}

function chooseWeights(names: readonly string[]): string[] {
  const all = names.filter((name) => /^[^/]+\.safetensors$/.test(name));
  const adapters = all.filter((name) => name.startsWith("adapter"));
  if (names.includes(SINGLE)) return [...adapters, SINGLE];
  if (!names.includes(INDEX)) return all;
  const shards = all.filter((name) => name.startsWith("model-"));
  return [...(shards.length > 0 ? [...adapters, ...shards] : all), INDEX];
}
