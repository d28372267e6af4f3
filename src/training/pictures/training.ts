import { type Evaluation, trainingSvg } from "../../charts/training-svg.ts";
import type { Picture } from "./picture.ts";

/** Scores that tell most of a task; the first one that an evaluation has is drawn. */
const SCORES = ["eval_macro_f1", "eval_ndcg@10", "eval_spearman", "eval_mean_token_accuracy"];

/** Figures of an evaluation that are no scores. */
const NO_SCORES = ["eval_loss", "eval_samples"];

/** The course of a run. */
export const trainingPicture: Picture = {
  file: "training.svg",
  draw({ method, metric, history, scores }) {
    const steps = history.filter(({ event }) => event === "step").map((record) => ({
      step: Number(record.step),
      loss: Number(record.loss),
      learningRate: Number(record.learning_rate),
      gradNorm: Number(record.grad_norm),
    })); // biome-ignore format: one list
    if (steps.length === 0) return undefined;
    const records = history.filter(({ event }) => event === "eval");
    const scoreName = scoreNameOf(records, metric);
    const evaluations = records.map(
      (record): Evaluation => ({
        step: Number(record.step),
        loss: Number(record.eval_loss),
        ...(scoreName !== undefined && { score: Number(record[scoreName]) }),
      }),
    );
    const final = scores && evaluations.at(-1);
    const svg = trainingSvg({
      method,
      ...(scoreName !== undefined && { scoreName }),
      steps,
      evaluations: final ? evaluations.slice(0, -1) : evaluations,
      ...(final && { final }),
    });
    const evaluated = scoreName === undefined ? "" : ` ${scoreName},`;
    return { svg, alt: `Loss,${evaluated} learning rate and gradient norm over ${steps.at(-1)?.step} steps` };
  },
};

/** Name of the score to draw: the one that decides about the best state, else the one that tells most. */
function scoreNameOf(records: readonly Readonly<Record<string, unknown>>[], metric?: string): string | undefined {
  const figures = Object.entries(records.at(-1) ?? {}).filter(([, value]) => typeof value === "number");
  const names = figures.map(([name]) => name).filter((name) => name.startsWith("eval_") && !NO_SCORES.includes(name));
  const chosen = metric?.startsWith("eval_") ? metric : `eval_${metric}`;
  return [chosen, ...SCORES, ...names].find((name) => names.includes(name));
}
