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
    const { recipe, note, reportDir } = await findEvaluation(args[0], overrides);
    if (note !== undefined) output.note(output.styleNote("dim", note));
    await fetchFirst(modelsOf(recipe), output);
    const adapter = recipe.adapter_name_or_path;
    let report: string | undefined;
    const results = await evaluate(recipe, {
      ...(adapter !== undefined && { adapter }),
      signal: interruptible(),
      onWarning: (message) => output.alert(output.styleNote("yellow", `warning: ${message}`)),
      reportDir,
      onReport(path) {
        report = path;
      },
    });
    output.record({ event: "eval", ...results });
    output.result(evaluationTable(results, output.resultColumns));
    if (report !== undefined) output.note(`report, with the worst examples: ${report}`);
  },
};

/** Classes that are shown one by one. */
const MOST_CLASSES = 20;

/** The metrics, one a line, and below them the scores of each class; of many classes the worst. */
export function evaluationTable(results: EvalResults, width?: number): string {
  const metrics: string[][] = [];
  const classes: (readonly [label: string, scores: ClassScores])[] = [];
  for (const [name, value] of Object.entries(results)) {
    if (typeof value !== "number") classes.push(...Object.entries(value));
    else metrics.push([name.replace(/^eval_/, ""), name === "eval_samples" ? count(value) : figure(value)]);
  }
  const parts = [textTable([{ title: "" }, { title: "", right: true }], metrics)];
  if (classes.length > 0) {
    const titles = ["class", "precision", "recall", "F1", "support"];
    parts.push(
      textTable(
        titles.map((title, i) => ({ title, right: i > 0 })),
        worstOf(classes).map(([label, scores]) => classRow(label, scores)),
        width,
      ),
    );
  }
  if (classes.length > MOST_CLASSES)
    parts.push(`These are the ${MOST_CLASSES} of ${count(classes.length)} classes with the lowest F1.`);
  return parts.join("\n\n");
}

/** The classes in their order; of many those with the lowest F1, lowest first, and those without examples last. */
function worstOf<T extends readonly [string, ClassScores]>(classes: readonly T[]): readonly T[] {
  if (classes.length <= MOST_CLASSES) return classes;
  const isEmpty = ([, { support }]: T): number => (support === 0 ? 1 : 0);
  return [...classes].sort((a, b) => isEmpty(a) - isEmpty(b) || a[1].f1 - b[1].f1).slice(0, MOST_CLASSES);
}

const classRow = (label: string, { precision, recall, f1, support }: ClassScores): string[] => [
  label,
  ...[precision, recall, f1].map(figure),
  count(support),
];
