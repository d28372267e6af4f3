import type { TaskType } from "../models/architecture.ts";
import { linearModules, selectTargets } from "../peft/targets.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Job } from "./job.ts";
import type { Base, Prepared } from "./prepare.ts";
import { applyStartingAdapter, checkAdapterFits, readStartingAdapter } from "./starting-adapter.ts";

/** The recipe and parameters that a job starts from. */
export interface Begun {
  readonly recipe: ResolvedRecipe;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** @throws {AdapterError} when the starting adapter was made for another base. */
  check(model: Prepared): void;
}

/** Where a job starts: at `adapter_name_or_path`, at parameters given in memory, or at the checkpoint alone. */
export async function withStartingAdapter({ recipe, givenKeys, start }: Job, base: Base): Promise<Begun> {
  const path = recipe.adapter_name_or_path;
  if (path === undefined) {
    const tensors = new Map([...(start ?? [])].map(([name, { data }]) => [name, data]));
    return { recipe, tensors, check: () => {} };
  }
  const adapter = await readStartingAdapter(path);
  const graph = base.architecture.build(base.checkpoint.config, recipe.task_type as TaskType, 2);
  const modules = linearModules(graph);
  const decided = applyStartingAdapter(recipe, givenKeys, adapter, (rules) => selectTargets(modules, rules));
  return {
    recipe: decided,
    tensors: new Map([...adapter.tensors].map(([name, { data }]) => [name, data])),
    check({ graph }) {
      const shapes = new Map(graph.params.map(({ origin, shape }) => [origin.name, shape]));
      checkAdapterFits(shapes, adapter.tensors, path);
    },
  };
}
