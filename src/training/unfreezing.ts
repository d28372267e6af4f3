import { RecipeError } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** From `step` (counted from 0) on, the parameters that `trains` names are trained. */
export interface Stage {
  readonly step: number;
  readonly trains: (param: string) => boolean;
}

/**
 * The stages of gradual unfreezing, or one stage that trains all there is. The head always trains; each stage adds to
 * those before it. `gradual` goes down one layer a stage, the embeddings last if they train at all.
 *
 * @throws {RecipeError} when a name in the schedule matches no parameter.
 * @see Howard and Ruder 2018, "ULMFiT", arXiv:1801.06146, section 3.3.
 */
export function unfreezingStages(
  recipe: ResolvedRecipe,
  architecture: Architecture,
  graph: Graph,
  steps: number,
): Stage[] {
  const schedule = recipe.unfreeze_schedule;
  if (!schedule) return [{ step: 0, trains: () => true }];
  const names = graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name);
  const { layers: path } = architecture;
  const layerOf = (name: string): number | undefined =>
    name.startsWith(`${path}.`) ? Number(name.slice(path.length + 1).split(".")[0]) : undefined;
  const depth = 1 + Math.max(-1, ...graph.params.map(({ origin }) => layerOf(origin.name) ?? -1));
  const isHead = (name: string): boolean =>
    layerOf(name) === undefined && name.split(".").some((part) => architecture.heads.includes(part));
  const below = names.some((name) => layerOf(name) === undefined && !isHead(name));

  const gradual = (): { at: number; layers: string[] }[] => {
    const count = depth + (below ? 1 : 0);
    const layers = (i: number): string[] => (i < depth ? [`top:${i + 1}`] : ["all"]);
    return Array.from({ length: count }, (_, i) => ({ at: i / count, layers: layers(i) }));
  };
  const selects = (pattern: string): ((name: string) => boolean) => {
    if (pattern === "all") return () => true;
    const top = Number(/^top:(\d+)$/.exec(pattern)?.[1] ?? Number.NaN);
    if (top <= depth) return (name) => (layerOf(name) ?? -1) >= depth - top;
    return (name) => `.${name}.`.includes(`.${pattern}.`);
  };

  const given = (schedule === "gradual" ? gradual() : schedule)
    .map(({ at, layers }) => ({ step: at < 1 ? Math.floor(at * steps) : at, layers: [layers].flat() }))
    .sort((a, b) => a.step - b.step);
  const stages = given.map(({ step, layers }, i) => {
    for (const pattern of layers) {
      if (names.some(selects(pattern))) continue;
      throw new RecipeError(`${pattern} matches no parameter that this method trains`, {
        where: "unfreeze_schedule",
        expected: `top:N with N up to ${depth}, or part of a module path such as ${path}.${depth - 1}`,
      });
    }
    const open = given.slice(0, i + 1).flatMap(({ layers }) => layers.map(selects));
    return { step, trains: (name: string) => isHead(name) || open.some((opens) => opens(name)) };
  });
  return stages[0]?.step === 0 ? stages : [{ step: 0, trains: isHead }, ...stages];
}

/** Warnings about a run's stages: those that begin at its end or later, so that their layers never train. */
export function unreachedStages(stages: readonly Stage[], steps: number): string[] {
  const late = stages.filter(({ step }) => step >= steps).map(({ step }) => step);
  if (late.length === 0) return [];
  return [`unfreeze_schedule: the run has ${steps} steps, so stages that begin at step ${late.join(", ")} never train`];
}
