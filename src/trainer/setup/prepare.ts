import { readCheckpoint } from "../../checkpoint/checkpoint.ts";
import { resolveModelFolder } from "../../checkpoint/resolve.ts";
import type { Id2Label } from "../../data/labels.ts";
import { loadTokenizer } from "../../data/tokenizer.ts";
import { CheckpointError } from "../../errors.ts";
import type { Graph } from "../../ir/graph.ts";
import { selectArchitecture } from "../../models/architecture.ts";
import { ARCHITECTURES } from "../../models/index.ts";
import type { Random } from "../../random.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { classesOf, type Split } from "./dataset.ts";
import { baseGraph, evaluationGraph } from "./graphs.ts";
import type { Base, Prepared } from "./prepared.ts";
import { refuseUnsupported } from "./supported.ts";
import { type LoadedWeights, loadWeights } from "./weights.ts";

/**
 * Finds the base model of a recipe.
 * @throws {ArchitectureError} when its architecture is not supported; {RecipeError} when the recipe asks for what is
 *   not there yet.
 */
export async function openBase(recipe: ResolvedRecipe): Promise<Base> {
  refuseUnsupported(recipe);
  const { model_name_or_path, model_revision } = recipe;
  const folder = await resolveModelFolder(model_name_or_path, model_revision);
  const checkpoint = await readCheckpoint(folder);
  const architecture = selectArchitecture(ARCHITECTURES, checkpoint.config.model_type);
  return { checkpoint, architecture, tokenizer: await loadTokenizer(folder) };
}

/**
 * Builds the graphs of a model under a recipe's method.
 * @param train The training data, whose labels are the classes; without it the checkpoint's own are.
 */
export function prepare(recipe: ResolvedRecipe, found: Base, train: Split | undefined, id2label?: Id2Label): Prepared {
  const { architecture, checkpoint } = found;
  const labels = classesOf(train, id2label ? { id2label } : checkpoint.config);
  const config = { ...checkpoint.config, num_labels: labels.names.length };
  const source = { recipe: clampLength(recipe, config), architecture, config, labels: labels.names.length };
  const base = baseGraph(source);
  checkDepth(found, base);
  return { ...found, source, labels, base, graph: evaluationGraph(source) };
}

/** transformers would drop the layers that config.json does not count, with a warning. */
function checkDepth({ architecture, checkpoint }: Base, { params }: Graph): void {
  const { layers, basePrefix } = architecture;
  const layerOf = (name: string): number => {
    const whole = name.startsWith(`${basePrefix}.`) ? name : `${basePrefix}.${name}`;
    return whole.startsWith(`${layers}.`) ? Number(whole.slice(layers.length + 1).split(".")[0]) : -1;
  };
  const depth = 1 + Math.max(...params.map(({ origin }) => layerOf(origin.name)));
  const beyond = [...checkpoint.tensors.keys()].find((name) => layerOf(name) >= depth);
  if (beyond === undefined) return;
  throw new CheckpointError(`the checkpoint holds ${beyond}, config.json counts ${depth} layers.`, {
    where: checkpoint.folder,
    hint: "config.json and the weights must come from the same model.",
  });
}

/** Reads or draws the weights of a prepared model. */
export function weightsOf(
  { checkpoint, architecture, graph, base, labels }: Prepared,
  random: Random,
  given?: ReadonlyMap<string, Float32Array>,
): Promise<LoadedWeights> {
  const { basePrefix } = architecture;
  const shapes = new Map(base.params.map(({ origin, shape }) => [origin.name, shape as readonly number[]]));
  const sources = { checkpoint, basePrefix, shapes, labels: labels.names.length, random, ...(given && { given }) };
  return loadWeights(graph.params, sources);
}

/** No text is longer than the model has positions for. */
function clampLength(recipe: ResolvedRecipe, config: Readonly<Record<string, unknown>>): ResolvedRecipe {
  const positions = config.max_position_embeddings;
  if (typeof positions !== "number") return recipe;
  const offset = /roberta/.test(String(config.model_type)) ? Number(config.pad_token_id ?? 1) + 1 : 0;
  return { ...recipe, max_length: Math.min(recipe.max_length, positions - offset) };
}
