import type { Recipe } from "../../recipe/schema.ts";
import type { ComparisonRow } from "../reports.ts";

/** Title of a column and what stands in it. */
type Column = readonly [title: string, cell: (row: ComparisonRow) => string];

const COLUMNS: readonly Column[] = [
  ["trainable", (row) => grouped(row.trainableParameters)],
  ["share (%)", (row) => row.trainablePercent.toPrecision(3)],
  ["peak memory (MB)", (row) => grouped(row.peakRssBytes / 1e6)],
  ["time (s)", (row) => fixed(row.trainSeconds)],
  ["tokens/s", (row) => grouped(row.tokensPerSecond)],
  ["saved (MB)", (row) => fixed(row.savedBytes / 1e6)],
  ["micro F1", (row) => score(row.microF1, row.microF1Interval)],
  ["macro F1", (row) => score(row.macroF1, row.macroF1Interval)],
];

/** A comparison as Markdown: a row a run; with several seeds, first a row a method with the means over them. */
export function comparisonMarkdown(recipe: Recipe, rows: readonly ComparisonRow[]): string {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const runs = table([["method", ({ method }) => method], ["seed", ({ seed }) => String(seed)], ...COLUMNS], rows); // biome-ignore format: a table
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  const means = methods.map((method) => mean(rows.filter((row) => row.method === method)));
  const summary = table([["method", ({ method }) => method], ...COLUMNS], means);
  return `${[
    `# ${methods.join(", ")} on ${recipe.model_name_or_path}`,
    `Data: \`${recipe.dataset_name}\`. F1 on the test split, with 95 % bootstrap intervals over its examples.`,
    "![F1 against peak memory and trainable parameters](comparison.svg)",
    ...(seeds > 1 ? [`## Means over ${seeds} seeds`, summary, "## Runs", runs] : [runs]),
  ].join("\n\n")}\n`;
}

/** Every figure's mean; an interval's ends are means too. */
function mean(rows: readonly ComparisonRow[]): ComparisonRow {
  const [first] = rows as [ComparisonRow];
  const of = (figure: (row: ComparisonRow) => number): number =>
    rows.reduce((sum, row) => sum + figure(row), 0) / rows.length;
  return {
    ...first,
    peakRssBytes: of((row) => row.peakRssBytes),
    trainSeconds: of((row) => row.trainSeconds),
    tokensPerSecond: of((row) => row.tokensPerSecond),
    savedBytes: of((row) => row.savedBytes),
    microF1: of((row) => row.microF1),
    macroF1: of((row) => row.macroF1),
    microF1Interval: [of((row) => row.microF1Interval[0]), of((row) => row.microF1Interval[1])],
    macroF1Interval: [of((row) => row.macroF1Interval[0]), of((row) => row.macroF1Interval[1])],
  };
}

function table(columns: readonly Column[], rows: readonly ComparisonRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map((_, i) => (i === 0 ? "---" : "---:"));
  return [
    line(columns.map(([title]) => title)),
    `|${rule.join("|")}|`,
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join("\n");
}

const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");
const fixed = (n: number): string => (n < 10 ? n.toFixed(2) : n.toFixed(1));
const score = (value: number, [low, high]: readonly [number, number]): string =>
  `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
