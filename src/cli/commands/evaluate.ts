import { PROGRAM } from "../../program.ts";
import type { ClassScores, EvalResults } from "../library/index.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { count, figure } from "../shared/format.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { textTable } from "../shared/table.ts";

/** `lowrank evaluate [RECIPE | FOLDER] [--adapter_name_or_path DIR] [--key value]…` */
export const evaluate: CliCommand = {
  examples: [
    `${PROGRAM} evaluate out/lora`,
    `${PROGRAM} evaluate recipe.yaml --adapter_name_or_path out/lora`,
    `${PROGRAM} evaluate recipe.yaml --json`,
  ],
  define(command) {
    addRecipeFlags(command.argument("[recipe]", "a recipe, or the output folder of a run [output_dir of recipe.yaml]"));
  },
  async run({ args, overrides, output, interruptible }) {
    const { evaluate, findEvaluation } = await import("../library/index.ts");
    const { recipe, note } = await findEvaluation(args[0], overrides);
    if (note !== undefined) output.note(output.styleNote("dim", note));
    await fetchFirst(modelsOf(recipe), output);
    const adapter = recipe.adapter_name_or_path;
    const results = await evaluate(recipe, {
      ...(adapter !== undefined && { adapter }),
      signal: interruptible(),
      onWarning: (message) => output.alert(output.styleNote("yellow", `warning: ${message}`)),
    });
    output.record({ event: "eval", ...results });
    output.result(evaluationTable(results));
  },
};

/** The metrics, one a line, and below them the scores of each class. */
function evaluationTable(results: EvalResults): string {
  const metrics: string[][] = [];
  const classes: string[][] = [];
  for (const [name, value] of Object.entries(results)) {
    if (typeof value !== "number")
      classes.push(...Object.entries(value).map(([label, scores]) => classRow(label, scores)));
    else metrics.push([name.replace(/^eval_/, ""), name === "eval_samples" ? count(value) : figure(value)]);
  }
  const tables = [textTable([{ title: "" }, { title: "", right: true }], metrics)];
  if (classes.length > 0) {
    const titles = ["class", "precision", "recall", "F1", "support"];
    tables.push(
      textTable(
        titles.map((title, i) => ({ title, right: i > 0 })),
        classes,
      ),
    );
  }
  return tables.join("\n\n");
}

const classRow = (label: string, { precision, recall, f1, support }: ClassScores): string[] => [
  label,
  ...[precision, recall, f1].map(figure),
  count(support),
];
