import type { ValueScore } from "../events/reports.ts";
import { columnsOf as columnsIn, guessWholeText } from "../examples/guess-columns.ts";
import type { TargetExample } from "../examples/targets.ts";
import { areValues, type ValueRow, valueRow } from "../examples/values.ts";
import { regressionReport } from "../metrics/regression.ts";
import { mul, sub } from "../ops/nn/elementwise.ts";
import { columnsOf } from "./classifier.ts";
import type { TaskDefinition } from "./definition.ts";
import { targetLoss } from "./loss.ts";
import { entriesOf } from "./reports/entries.ts";
import { offerErrors, valueReport } from "./reports/value-tables.ts";
import { runs } from "./runs.ts";
import { targetSplit } from "./target-split.ts";

/** transformers' name of the only output. */
const OUTPUT = "LABEL_0";

/** A value for each text: `problem_type: regression`. */
export const textRegression: TaskDefinition = {
  fits: areValues,
  uses(rows, given) {
    const text_column = guessWholeText(rows, given);
    const isValue = (name: string): boolean => areValues(rows.map(({ values }) => values[name]));
    const label_column = columnsIn(rows).find((name) => (given.labelColumn ?? name) === name && isValue(name));
    if (text_column === undefined || label_column === undefined) return [];
    const keys = { text_column, label_column };
    return [{ certainty: "labels", keys, about: "texts with a value each", start: "text-classification.yaml" }];
  },
  async split(rows, recipe) {
    let first = "";
    const split = await targetSplit<ValueRow>(rows, {
      pick(row) {
        first ||= row.where;
        return valueRow(row, columnsOf(recipe));
      },
      targets: ({ value }) => Float32Array.of(value),
    });
    return { ...split, labels: [{ label: 0, where: first }], classNames: [OUTPUT], classCount: 1 };
  },
  loss: (graph) =>
    targetLoss(graph, (values, targets) => {
      const error = sub(values, targets);
      return mul(error, error);
    }),
  scoringGraph: (graph) => graph,
  async score(model, examples, { batchSize, stop, worst }) {
    const [labels, predictions] = [Array<number>(examples.length), Array<number>(examples.length)];
    for await (const { rows, outputs } of runs(model, examples, batchSize, stop)) {
      for (const [i, row] of rows.entries()) {
        labels[row] = (examples.at(row) as TargetExample).targets[0] as number;
        predictions[row] = Number(outputs.logits?.data[i]);
      }
    }
    if (stop()) return undefined;
    offerErrors(labels, predictions, worst);
    const { meanSquaredError, pearson, spearman, rSquared } = regressionReport(labels, predictions);
    const metrics = {
      eval_loss: meanSquaredError,
      eval_samples: examples.length,
      eval_pearson: pearson,
      eval_spearman: spearman,
      eval_r2: rSquared,
    };
    return { metrics, predictions: { labels, predictions } };
  },
  entries: entriesOf,
  report: valueReport,
  prediction: (logits): ValueScore => ({ value: logits[0] as number }),
  labelText: (example) => String((example as TargetExample).targets[0]),
  metrics: ["eval_loss", "eval_samples", "eval_pearson", "eval_spearman", "eval_r2"],
  lowerIsBetter: ["eval_loss"],
};
