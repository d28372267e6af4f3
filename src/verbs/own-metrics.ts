import { RecipeError } from "../errors.ts";
import type { EvalResults } from "../events/events.ts";
import type { EvalPrediction } from "../tasks/reports/entries.ts";

/** Figures by name. */
export type OwnMetrics = Readonly<Record<string, number>>;

/** A function that computes figures from predictions. */
export interface OwnMetricsOptions {
  /**
   * Computes figures of the user's own, as transformers' `compute_metrics` does: `f1` becomes `eval_f1` in the results.
   * It runs in the caller's thread.
   */
  computeMetrics?(evaluated: EvalPrediction): OwnMetrics | Promise<OwnMetrics>;
}

/** Refuses own metrics where a task keeps no predictions. @throws {RecipeError} naming the task. */
export function refuseOwnMetrics(task: string): never {
  throw new RecipeError(`an evaluation of task_type ${task} has no predictions to compute metrics from`, {
    where: "computeMetrics",
    expected: "a classifier, a regression, or pairs of texts with a score",
    hint: "predict, embed and TextGenerator give what a metric of this model needs.",
  });
}

/**
 * The metrics of an evaluation with the user's own.
 * @throws {RecipeError} when a figure is no finite number, or has the name of another. @throws whatever `computeMetrics` throws.
 */
export async function withOwnMetrics(
  metrics: EvalResults,
  evaluated: EvalPrediction,
  computeMetrics: NonNullable<OwnMetricsOptions["computeMetrics"]>,
): Promise<EvalResults> {
  const own: unknown = await computeMetrics(evaluated);
  if (typeof own !== "object" || own === null || Array.isArray(own)) throw refused(`it returned ${shown(own)}`);
  const merged: Record<string, EvalResults[string]> = { ...metrics };
  for (const [name, value] of Object.entries(own)) {
    const key = name.startsWith("eval_") ? name : `eval_${name}`;
    if (Object.hasOwn(merged, key)) throw refused(`it returned ${name}, and the evaluation has its own ${key}`);
    if (!Number.isFinite(value)) throw refused(`its ${name} is ${shown(value)}`);
    merged[key] = value;
  }
  return merged as EvalResults;
}

const refused = (what: string): RecipeError =>
  new RecipeError(`computeMetrics: ${what}`, {
    where: "computeMetrics",
    expected: "an object of finite numbers under names of its own, such as { kappa: 0.8 }",
  });

/** Characters of a value in messages. */
const SHOWN = 60;

const shown = (value: unknown): string =>
  (typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value))).slice(0, SHOWN);
