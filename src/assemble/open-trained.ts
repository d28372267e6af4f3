import { exists } from "#platform";
import type { Id2Label } from "../examples/labels.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import type { JsonObject } from "../formats/json/json.ts";
import { FILES } from "../formats/sentence-transformers/modules.ts";
import { readModules } from "../formats/sentence-transformers/read-modules.ts";
import { readConfig } from "../formats/transformers/config.ts";
import type { TrainedAdapter } from "../methods/definition.ts";
import { openAdapter } from "../methods/open-adapter.ts";
import { selectIn } from "../peft/targets.ts";
import { storedThreshold } from "../prepared/head-keys.ts";
import type { Base, Prepared, Weights } from "../prepared/prepared.ts";
import { storedShape } from "../prepared/stored.ts";
import { Random } from "../random.ts";
import { UNQUANTIZED } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Split } from "../tasks/definition.ts";
import { withoutBaseLayers } from "./base-layers.ts";
import { openBase, prepare, weightsOf } from "./prepare.ts";
import { configOf, withStoredProblemType } from "./problem-type.ts";
import { applyStartingAdapter, checkAdapterFits } from "./starting-adapter.ts";
import { withTrainedBase } from "./trained-base.ts";

/** A trained model, as graphs. */
export interface PreparedTrained {
  readonly model: Prepared;
  /** The adapter's parameters, as files have them. */
  readonly given?: ReadonlyMap<string, Float32Array>;
  /** The base model that the adapter says it was made for. */
  readonly madeFor?: string;
  /** Folder of the adapter. */
  readonly folder?: string;
  /** Differences between the recipe's quantization of the base and that of the adapter's training. */
  readonly warnings: readonly string[];
}

/** A trained model with its weights, ready to be asked. */
export interface TrainedModel extends Omit<PreparedTrained, "given"> {
  readonly weights: Weights;
  /** Parameters that no file holds: they are random. */
  readonly fresh: readonly string[];
}

/**
 * Opens a base model, with a trained adapter or without.
 *
 * @param known Frozen weights of the base that are in memory already.
 * @param held The model as it is to be held in memory. Default: as prepared.
 * @throws {AdapterError} when the adapter does not fit the base model.
 * @see prepareTrained for the other parameters.
 */
export async function openTrained(
  recipe: ResolvedRecipe,
  adapter?: string,
  train?: Split,
  known?: Weights,
  held: (model: Prepared) => Prepared = (model) => model,
): Promise<TrainedModel> {
  return withWeights(await prepareTrained(recipe, adapter, train), known, held);
}

/** A prepared model with its weights; the parameters are those of {@link openTrained}. */
export async function withWeights(
  { given, ...prepared }: PreparedTrained,
  known?: Weights,
  held: (model: Prepared) => Prepared = (model) => model,
): Promise<TrainedModel> {
  const model = held(prepared.model);
  const random = Random.seed(model.source.recipe.seed).stream("init");
  return { ...prepared, model, ...(await weightsOf(model, random, given, known)) };
}

/**
 * `openTrained` without reading the weights of the base.
 *
 * @param adapter Folder or Hub id of a PEFT or adapter-hub adapter, which decides method, rank and targets, and, unless
 *   the recipe does, how the base is held; or a whole model, which takes the place of the recipe's.
 * @param train Data whose labels are the classes where neither adapter nor model names any.
 * @throws {AdapterError} when the adapter does not fit the base model.
 */
export async function prepareTrained(
  recipe: ResolvedRecipe,
  adapter?: string,
  train?: Split,
): Promise<PreparedTrained> {
  if (adapter === undefined) {
    const found = await openBase(recipe);
    const model = withStoredHead(prepare({ ...recipe, method: "head" }, found, train));
    return { model, warnings: model.warnings };
  }
  const folder = await resolveModelFolder(adapter);
  if (!(await isAdapter(folder))) {
    const whole = { ...recipe, model_name_or_path: folder, method: "full", from_scratch: false } as const;
    const unpacked = { ...whole, ...UNQUANTIZED };
    const found = await openBase(whole);
    const model = withStoredHead(prepare(unpacked, found, undefined));
    return { model, warnings: model.warnings };
  }
  const { recipe: settled, warnings: ofBase } = await withTrainedBase(recipe, folder);
  const read = await openAdapter(folder);
  const found = await withOwnModules(await openBase(settled, folder), folder);
  const stored = await withoutBaseLayers(read, found);
  const config = (await exists(`${folder}/config.json`)) ? await readConfig(folder) : undefined;
  const id2label = labelsOfAdapter(config, found, settled, stored);
  const prepared = prepare(withAdapter(settled, stored, found), found, undefined, id2label);
  const model = withStoredHead(prepared, config && { config, where: `${folder}/config.json` });
  const trainable = model.graph.params.filter(({ origin }) => origin.trainable);
  checkAdapterFits(new Map(trainable.map((param) => [param.origin.name, storedShape(param)])), stored.tensors, folder);
  const given = new Map([...stored.tensors].map(([name, { data }]) => [name, data]));
  return {
    model,
    given,
    folder,
    warnings: [...ofBase, ...model.warnings],
    ...(stored.baseModel !== undefined && { madeFor: stored.baseModel }),
  };
}

/** The model with what its `config.json` says of the outputs of its head. */
function withStoredHead(model: Prepared, stored = configOf(model)): Prepared {
  const { source } = model;
  const recipe = withStoredProblemType(source.recipe, stored);
  return { ...model, source: { ...source, recipe }, ...storedThreshold(stored.config) };
}

/** The base of an embedding model with the modules that lie beside its adapter. */
const withOwnModules = async (base: Base, folder: string): Promise<Base> =>
  base.modules && (await exists(`${folder}/${FILES.modules}`)) ? { ...base, modules: await readModules(folder) } : base;

/** True when a folder holds an adapter rather than a whole model. */
export const isAdapter = (folder: string): Promise<boolean> => exists(`${folder}/adapter_config.json`);

/** The recipe under the adapter's method; what it says of the method itself gives way. */
function withAdapter(recipe: ResolvedRecipe, adapter: TrainedAdapter, found: Base): ResolvedRecipe {
  const base = found.architecture.build(found.checkpoint.config, recipe.task_type, 1);
  return applyStartingAdapter(recipe, new Set(), adapter, selectIn(base));
}

/** The classes of an adapter: those written beside it, else the base model's if they are as many as its head's, else LABEL_0, … or numbers. */
function labelsOfAdapter(
  config: JsonObject | undefined,
  { architecture, checkpoint }: Base,
  { task_type }: ResolvedRecipe,
  { tensors }: TrainedAdapter,
): Id2Label {
  const own = config?.id2label;
  if (own) return own as Id2Label;
  const [one, two] = [1, 2].map((labels) => architecture.build(checkpoint.config, task_type, labels));
  const output = two?.params.find(({ origin, shape }) => `${one?.named(origin.name)?.shape}` !== `${shape}`);
  const rows = output && tensors.get(output.origin.name)?.shape[0];
  const named = checkpoint.config.id2label as Id2Label | undefined | null;
  const base = named ?? {};
  if (rows === undefined || rows === Object.keys(base).length) return base;
  return Object.fromEntries(Array.from({ length: rows }, (_, id) => [id, named ? String(id) : `LABEL_${id}`]));
}
