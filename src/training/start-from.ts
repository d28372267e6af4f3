import { exists } from "#platform";
import { withoutBaseLayers } from "../assemble/base-layers.ts";
import { evaluationGraph } from "../assemble/graphs.ts";
import { applyStartingAdapter, checkAdapterFits } from "../assemble/starting-adapter.ts";
import { DataError } from "../errors.ts";
import type { Id2Label } from "../examples/labels.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import { adaptedModules } from "../formats/peft/peft-keys.ts";
import { readConfig } from "../formats/transformers/config.ts";
import { openAdapter } from "../methods/open-adapter.ts";
import { withRanks } from "../peft/eva-ranks.ts";
import { selectIn } from "../peft/targets.ts";
import type { Job } from "../prepared/job.ts";
import type { Base, Prepared, Weights } from "../prepared/prepared.ts";
import { storedShape } from "../prepared/stored.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Examples } from "../tasks/definition.ts";
import type { RunFacts } from "./checkpoints/facts.ts";
import { checkpointToResume } from "./checkpoints/resume.ts";
import { checkSaved } from "./progress.ts";
import { epochPlan } from "./schedule.ts";

/** The recipe and parameters that a job starts from. */
export interface Begun {
  readonly recipe: ResolvedRecipe;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** The classes that the parameters were trained for. */
  readonly id2label?: Id2Label;
  /** @throws {LowrankError} when the parameters were made for another base or recipe, or for other labels. */
  check(model: Prepared): void;
}

/** Starting point of a job: an adapter, parameters given in memory, or the checkpoint alone. */
export async function withStartingAdapter(
  { recipe, userSetKeys, start, adapter: given }: Job,
  base: Base,
): Promise<Begun> {
  if (start) {
    const tensors = new Map([...start.trained].map(([name, { data }]) => [name, data]));
    const id2label = Object.fromEntries(start.labels.map((name, id) => [id, name]));
    const where = "an earlier training of this model";
    return {
      recipe,
      tensors,
      id2label,
      check(model) {
        checkClasses(model, id2label, where);
        checkSaved(model.graph, tensors, where);
      },
    };
  }
  const path = given ?? recipe.adapter_name_or_path;
  if (path === undefined) return { recipe, tensors: new Map(), check: () => {} };
  const folder = await resolveModelFolder(path);
  const adapter = await withoutBaseLayers(await openAdapter(folder), base);
  const graph = base.architecture.build(base.checkpoint.config, recipe.task_type, 2);
  const decided = applyStartingAdapter(recipe, userSetKeys, adapter, selectIn(graph));
  const config = (await exists(`${folder}/config.json`)) ? await readConfig(folder) : undefined;
  const id2label = config?.id2label as Id2Label | undefined;
  return {
    recipe: decided,
    tensors: new Map([...adapter.tensors].map(([name, { data }]) => [name, data])),
    ...(id2label && { id2label }),
    check(model) {
      const shapes = new Map(model.graph.params.map((param) => [param.origin.name, storedShape(param)]));
      if (id2label) checkClasses(model, id2label, folder);
      checkAdapterFits(shapes, adapter.tensors, folder);
    },
  };
}

/** A model whose ranks are settled. */
export interface Ranked {
  readonly model: Prepared;
  /** Parameters that it starts from. */
  readonly start: ReadonlyMap<string, Float32Array>;
  /** Weights of the base that are in memory. */
  readonly known?: Weights;
}

/**
 * A model with the ranks of EVA, computed from the first epoch's batches or, for a run that goes on, those of its checkpoint. Any
 * other as it is.
 * @throws {InterruptedError} once `shouldStop` says so.
 */
export async function withEvaRanks(
  model: Prepared,
  start: ReadonlyMap<string, Float32Array>,
  examples: Examples,
  facts: () => Promise<RunFacts>,
  shouldStop: () => boolean,
): Promise<Ranked> {
  const { recipe } = model.source;
  const modules = adaptedModules(model.graph.params.map(({ origin }) => origin.name));
  const isTrained = adaptedModules(start.keys()).size > 0;
  if (recipe.init_lora_weights !== "eva" || modules.size === 0 || isTrained) return { model, start };
  const resumed = await checkpointToResume(recipe, facts);
  if (resumed) {
    const decided = (await openAdapter(resumed.folder)).decides(recipe, new Set(["lora_dropout"]));
    return { model: under(model, { ...recipe, ...decided }), start };
  }
  const batches = [...epochPlan(recipe, examples.lengths, 0).microBatches(0, Number.POSITIVE_INFINITY)];
  const { evaStart } = await import("../assemble/eva.ts"); // it loads a library
  const { ranks, a, weights } = await evaStart(model, examples, batches, shouldStop);
  const { lora_r, lora_alpha, rank_pattern = {}, alpha_pattern = {} } = recipe;
  const config = { r: lora_r, loraAlpha: lora_alpha, rankPattern: rank_pattern, alphaPattern: alpha_pattern };
  const { targetModules, rankPattern, alphaPattern } = withRanks(config, [...modules], ranks);
  const ranked = under(model, {
    ...recipe,
    init_lora_weights: true,
    lora_target_modules: [...targetModules],
    exclude_modules: undefined, // the targets say it already
    layers_to_transform: undefined,
    rank_pattern: { ...rankPattern },
    alpha_pattern: { ...alphaPattern },
  });
  const ofA = [...a].map(([module, rows]) => [`${module}.lora_A.weight`, rows] as const);
  return { model: ranked, start: new Map([...start, ...ofA]), known: weights };
}

/** The same model under another recipe. */
function under(model: Prepared, recipe: ResolvedRecipe): Prepared {
  const source = { ...model.source, recipe };
  return { ...model, source, graph: evaluationGraph(source) };
}

/** Another class under the same number would be learnt anew, and saved as if it had always been there. */
function checkClasses({ labels }: Prepared, id2label: Id2Label, where: string): void {
  const given = Object.values(id2label);
  if (labels.names.join("\n") === given.join("\n")) return;
  const strange = labels.names.filter((name) => !given.includes(name));
  throw new DataError(`the data has labels that the starting adapter does not have: ${strange.join(", ")}`, {
    where,
    expected: `some of its ${given.length}: ${given.slice(0, 20).join(", ")}${given.length > 20 ? ", …" : ""}`,
    hint: "to train other labels, start from the base model.",
  });
}
