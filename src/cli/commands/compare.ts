import { RecipeError } from "../../errors.ts";
import { METHODS } from "../../methods/keys/index.ts";
import { PROGRAM } from "../../program.ts";
import type { Compared, ComparisonRow, RowScore } from "../library/index.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { bytes, count, duration, percent } from "../shared/format.ts";
import type { Output } from "../shared/output.ts";
import { createProgress } from "../shared/progress.ts";
import { addRecipe, recipeFor } from "../shared/recipe.ts";
import { textTable } from "../shared/table.ts";

/** `lowrank compare [RECIPE] --methods full,lora,qlora,adapter [--seeds 0,1,2] [--key value]…` */
export const compare: CliCommand = {
  examples: [
    `${PROGRAM} compare recipe.yaml --methods full,lora,qlora`,
    `${PROGRAM} compare recipe.yaml --methods lora,adapter --seeds 0,1,2 --output_dir out/compare`,
  ],
  define(command) {
    command
      .requiredOption("--methods <list>", `methods to compare: ${METHODS.join(",")}, gradual`)
      .option("--seeds <list>", "seeds to run each method with [the recipe's seed]");
    addRecipe(command);
  },
  async run(context) {
    const { options, overrides, output, interruptible } = context;
    const { COMPARED, compare, scoresOfRow, snakeCaseKeys, toLogRecord } = await import("../library/index.ts");
    const isCompared = (item: string): item is Compared => (COMPARED as readonly string[]).includes(item);
    const methods = listed("methods", options.methods, isCompared, `names among ${COMPARED.join(", ")}`);
    const seeds = options.seeds === undefined ? undefined : listed("seeds", options.seeds, isSeed, "integers >= 0");
    const { recipe, path } = await recipeFor(context);
    await fetchFirst(modelsOf(recipe), output);
    const progress = createProgress(output);
    try {
      const run = { overrides, methods, signal: interruptible(), ...(seeds && { seeds: seeds.map(Number) }) };
      for await (const event of compare(path, run)) {
        if (event.kind === "run") {
          output.record({ ...toLogRecord(event.event), method: event.method, seed: event.seed });
          await progress.show(event.event);
        } else if (event.kind === "row") output.record({ event: "row", ...snakeCaseKeys(event.row) });
        else {
          output.record({ event: "done", files: event.files });
          output.result(comparisonTable(event.rows, scoresOfRow, output));
          output.note(output.styleNote("dim", `written: ${event.files.join(", ")}`));
        }
      }
    } finally {
      progress.close();
    }
  },
};

const isSeed = (item: string): item is `${number}` => /^\d+$/.test(item);

/** The items of `--flag a,b,c`, each of which must pass. */
function listed<T extends string>(
  flag: string,
  value: unknown,
  passes: (item: string) => item is T,
  what: string,
): T[] {
  return String(value)
    .split(",")
    .map((item) => {
      if (!passes(item)) throw new RecipeError(`--${flag}: expected ${what}, separated by commas, got "${item}"`);
      return item;
    });
}

/** The rows side by side; scores with their 95 % intervals. `more` columns come last, by title. */
export function comparisonTable(
  rows: readonly ComparisonRow[],
  scoresOf: (row: ComparisonRow) => readonly RowScore[],
  { style, resultColumns }: Pick<Output, "style" | "resultColumns">,
  more: Readonly<Record<string, readonly string[]>> = {},
): string {
  const columns = [
    "method",
    "seed",
    "trainable",
    "share",
    "peak memory",
    "time",
    "tokens/s",
    "saved",
    ...(rows[0] ? scoresOf(rows[0]) : []).map(({ title }) => title),
    ...Object.keys(more),
  ];
  return textTable(
    columns.map((title, i) => ({ title: style("bold", title), right: i > 0 })),
    rows.map((row, at) => [
      row.method,
      String(row.seed),
      count(row.trainableParameters),
      percent(row.trainablePercent),
      bytes(row.peakRssBytes),
      duration(row.trainSeconds),
      count(row.tokensPerSecond),
      bytes(row.savedBytes),
      ...scoresOf(row).map(score),
      ...Object.values(more).map((cells) => cells[at] ?? ""),
    ]),
    resultColumns,
  );
}

const score = ({ value, interval: [low, high] }: RowScore): string =>
  `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
