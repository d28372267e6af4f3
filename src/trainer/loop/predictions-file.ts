import { readJsonObject } from "../../checkpoint/json.ts";
import { CheckpointError } from "../../errors.ts";
import { bootstrapIntervals, type Interval } from "../../metrics/bootstrap.ts";
import { classificationReport } from "../../metrics/classification.ts";
import { writeTextAtomic } from "../../platform/node.ts";
import type { Random } from "../../random.ts";
import type { Predictions } from "./evaluation.ts";

/** The file beside `eval_results.json` that says what was predicted. */
const FILE = "eval_predictions.json";

/** Writes the evaluation's label positions, in the order of the data: `examples`, `labels` and `predictions`, as long as each other. */
export async function writePredictions(folder: string, found: Predictions, classes: readonly string[]): Promise<void> {
  const { examples, labels, predictions } = found;
  const columns = { classes, examples: [...examples], labels: [...labels], predictions: [...predictions] };
  await writeTextAtomic(`${folder}/${FILE}`, `${JSON.stringify(columns)}\n`);
}

/** 95 % intervals of the F1 scores. */
export interface F1Intervals {
  readonly microF1: Interval;
  readonly macroF1: Interval;
}

/**
 * Bootstrap over test examples, from what {@link writePredictions} wrote. With TOKEN_CLS an example is drawn with all
 * its tokens.
 */
export async function f1Intervals(folder: string, random: Random): Promise<F1Intervals> {
  const path = `${folder}/${FILE}`;
  const file = await readJsonObject(path);
  const [classes, examples, labels, predictions] = ["classes", "examples", "labels", "predictions"].map((key) => {
    if (Array.isArray(file[key])) return file[key] as unknown[];
    throw new CheckpointError(`${path} has no list ${key}`, { where: path, expected: `a list of ${key}` });
  }) as [string[], number[], number[], number[]];
  const positions = new Map<number, number[]>();
  for (const [at, example] of examples.entries()) positions.set(example, [...(positions.get(example) ?? []), at]);
  const groups = [...positions.values()];
  const measure = (rows: Int32Array): { microF1: number; macroF1: number } => {
    const drawn = Array.from(rows, (row) => groups[row] as number[]).flat();
    const pick = (of: readonly number[]): Int32Array => Int32Array.from(drawn, (at) => of[at] as number);
    const { microF1, macroF1 } = classificationReport(pick(labels), pick(predictions), classes);
    return { microF1, macroF1 };
  };
  return bootstrapIntervals(groups.length, measure, { random });
}
