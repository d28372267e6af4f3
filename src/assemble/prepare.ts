import { CPU } from "../devices/engine.ts";
import { RecipeError } from "../errors.ts";
import type { Id2Label } from "../examples/labels.ts";
import { isGguf, readGguf } from "../formats/gguf/model/read-gguf.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import { DEFAULT_MODULES } from "../formats/sentence-transformers/modules.ts";
import { readModules } from "../formats/sentence-transformers/read-modules.ts";
import { type Checkpoint, readCheckpoint } from "../formats/transformers/checkpoint.ts";
import type { ParamValue } from "../ir/graph.ts";
import { METHOD_RECIPES, METHODS, type Method } from "../methods/keys/index.ts";
import { ARCHITECTURES } from "../models/index.ts";
import { longestText } from "../models/longest-text.ts";
import { type Architecture, forTask, selectArchitecture } from "../models/parts/architecture.ts";
import { isUnder } from "../peft/targets.ts";
import { filesOfFolder, filesOfGguf } from "../prepared/base-files.ts";
import { withChatTemplate } from "../prepared/chat-template.ts";
import type { Base, Prepared, Weights } from "../prepared/prepared.ts";
import type { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { userSetKeys } from "../recipe/user-set-keys.ts";
import { classifies, embeds } from "../task-types/index.ts";
import type { Split } from "../tasks/definition.ts";
import { untied } from "./base-layers.ts";
import { checkDepth, checkShapes } from "./check-tensors.ts";
import { classesOf } from "./dataset.ts";
import { defaultClasses } from "./default-classes.ts";
import { configOnly, freshInit } from "./from-scratch.ts";
import { baseGraph, evaluationGraph } from "./graphs.ts";
import { withOwnOutput } from "./own-output.ts";
import { withPadId } from "./pad-id.ts";
import { blocksOf, checkFullPrecision } from "./quantization.ts";
import { unreadWarning } from "./unread-tensors.ts";
import { type LoadedWeights, loadWeights } from "./weights.ts";

/** The module between a BERT's encoder and its classifier of texts. */
const POOLER = "pooler";

/**
 * Finds the base model of a recipe.
 * @throws {ArchitectureError} when its architecture is not supported; {RecipeError} when the recipe asks for what is
 *   not there yet.
 */
export async function openBase(recipe: ResolvedRecipe, adapter?: string): Promise<Base> {
  refuseUnsupported(recipe);
  const { model_name_or_path, model_revision } = recipe;
  const isFile = await isGguf(model_name_or_path);
  const found = isFile
    ? await openGguf(model_name_or_path)
    : await openFolder(
        await resolveModelFolder(model_name_or_path, model_revision, { weights: !recipe.from_scratch }),
        recipe.from_scratch,
      );
  const files = await withChatTemplate(found.files, recipe.chat_template, adapter);
  const stored = found.checkpoint;
  const { config, folder } = stored;
  const where = isFile ? folder : `${folder}/config.json`;
  const architecture = forTask(selectArchitecture(ARCHITECTURES, config.model_type, where), recipe.task_type);
  architecture.checkConfig(config, where);
  checkDepth({ architecture, checkpoint: stored });
  const { checkpoint, untied } = await withOwnOutput({ checkpoint: stored, architecture }, recipe.task_type);
  const untiedConfig = async () => ({ ...(await files.config()), tie_word_embeddings: false });
  return {
    checkpoint,
    architecture: withPooler(architecture, recipe, checkpoint),
    tokenizer: withPadId(files.tokenizer, checkpoint),
    ...(embeds(recipe.task_type) && { modules: isFile ? DEFAULT_MODULES : await readModules(folder) }),
    files: untied ? { ...files, config: untiedConfig } : files,
    warnings: untied
      ? [
          `${where} ties the output layer to the embedding, but the file contains both, with different weights; both are used`,
        ]
      : [],
  };
}

/**
 * A pooler that the checkpoint lacks, as one trained on hidden words does, starts at random: it is part of the head, trained
 * with it and saved with it, or an adapter would not fit the next random one.
 */
function withPooler(architecture: Architecture, recipe: ResolvedRecipe, { tensors, config }: Checkpoint): Architecture {
  const { heads, trainedHeads } = architecture;
  const { task_type, from_scratch } = recipe;
  const isHead =
    classifies(task_type) && !from_scratch && heads.includes(POOLER) && architecture.tasks.includes(task_type);
  if (!isHead || [...tensors.keys()].some((name) => isUnder(name, [POOLER]))) return architecture;
  const { params } = architecture.build(config, task_type, 1);
  if (!params.some(({ origin }) => isUnder(origin.name, [POOLER]))) return architecture;
  return { ...architecture, trainedHeads: [...trainedHeads, POOLER] };
}

type OpenedBase = Pick<Base, "checkpoint" | "files">;

async function openGguf(path: string): Promise<OpenedBase> {
  const checkpoint = await readGguf(path);
  return { checkpoint, files: filesOfGguf(checkpoint) };
}

async function openFolder(folder: string, fromScratch: boolean): Promise<OpenedBase> {
  const checkpoint = fromScratch ? await configOnly(folder) : await readCheckpoint(folder);
  return { checkpoint, files: await filesOfFolder(checkpoint) };
}

/**
 * Builds the graphs of a model under a recipe's method.
 * @param train The training data, whose labels are the classes; without it the checkpoint's own are.
 */
export function prepare(recipe: ResolvedRecipe, given: Base, train: Split | undefined, id2label?: Id2Label): Prepared {
  const found = untied(recipe, given);
  const { architecture, checkpoint } = found;
  const classes = id2label ? { id2label } : storedClasses(checkpoint);
  const unnamed = !train && !classes.id2label && classifies(recipe.task_type);
  const named = unnamed ? { id2label: defaultClasses(found, recipe.task_type) } : classes;
  const labels = classesOf(recipe.task_type, train, named);
  const config = { ...checkpoint.config, num_labels: labels.names.length };
  checkFullPrecision(recipe, checkpoint);
  const blocks = blocksOf(recipe, checkpoint, architecture.basePrefix);
  const { modules } = found;
  const source = {
    ...{ recipe: clampLength(withOwnLength(recipe, modules), config), architecture, config, blocks },
    labels: labels.names.length,
    ...(modules && { pooling: modules }),
  };
  const base = baseGraph(source);
  checkShapes(found, base.params, source.labels);
  const unread = unreadWarning(found, base.params, recipe.task_type);
  const graph = evaluationGraph(source);
  if (modules) checkLengths(source.recipe, graph.outputs.get("logits")?.shape[1] as number);
  const warnings = [...found.warnings, ...(unread ? [unread] : [])];
  return { ...found, engine: CPU, warnings, source, labels, base, graph };
}

/** @throws {RecipeError} when embeddings are to be cut to more numbers than they have. */
function checkLengths({ matryoshka_dims: dims = [] }: ResolvedRecipe, width: number): void {
  const longer = dims.find((dim) => dim > width);
  if (longer === undefined) return;
  throw new RecipeError(`matryoshka_dims has ${longer}, and the embeddings of the model have ${width} numbers.`, {
    where: "matryoshka_dims",
    expected: `lengths up to ${width}`,
  });
}

/** The classes that `config.json` names, or a GGUF file's own configuration. */
const storedClasses = ({ config, folder }: Checkpoint) => ({
  id2label: (config.id2label ?? undefined) as Id2Label | undefined,
  source: /\.gguf$/i.test(folder) ? folder : `${folder}/config.json`,
});

/**
 * Reads or draws the weights of a prepared model.
 * @param params Those wanted. Default: all of its graph.
 */
export function weightsOf(
  { checkpoint, architecture, graph, base, labels, source }: Prepared,
  random: Random,
  given?: ReadonlyMap<string, Float32Array>,
  known?: Weights,
  params: readonly ParamValue[] = graph.params,
): Promise<LoadedWeights> {
  const { basePrefix } = architecture;
  const shapes = new Map(base.params.map(({ origin, shape }) => [origin.name, shape as readonly number[]]));
  const sources = {
    checkpoint,
    basePrefix,
    shapes,
    labels: labels.names.length,
    random,
    ...(given && { given }),
    ...(known && { known }),
    ...(source.recipe.from_scratch && { fresh: freshInit(architecture, checkpoint.config) }),
  };
  return loadWeights(params, sources);
}

/** The longest text of an embedding model is that of its files, unless the recipe names one. */
const withOwnLength = (recipe: ResolvedRecipe, modules: Base["modules"]): ResolvedRecipe =>
  modules?.maxLength === undefined || userSetKeys(recipe).has("max_length")
    ? recipe
    : { ...recipe, max_length: modules.maxLength };

/** No text is longer than the model has positions for. */
const clampLength = (recipe: ResolvedRecipe, config: unknown): ResolvedRecipe => ({
  ...recipe,
  max_length: Math.min(recipe.max_length, longestText(config) ?? Number.POSITIVE_INFINITY),
});

const isWhole = (method: Method): boolean => METHOD_RECIPES[method].trainsBase === true;

/** Refuses what a recipe may say but this version cannot do, rather than do something else. @throws {RecipeError} */
function refuseUnsupported(recipe: ResolvedRecipe): void {
  if (METHOD_RECIPES[recipe.method].needsHead && !classifies(recipe.task_type)) {
    const others = METHODS.filter((method) => !METHOD_RECIPES[method].needsHead);
    const [whole, beside] = [true, false].map((base) => others.filter((method) => isWhole(method) === base));
    const what = `method ${recipe.method} needs a classification head, and task_type ${recipe.task_type} has none.`;
    throw new RecipeError(what, { where: "method", expected: `${beside?.join(", ")} or ${whole?.join(", ")}` });
  }
}
