import { type ComparisonRow, type RowScore, scoresOfRow } from "../../events/reports.ts";
import { shortName } from "../../formats/hub/names.ts";
import type { Recipe } from "../../recipe/schema.ts";

/** Title of a column and what stands in it. */
type Column = readonly [title: string, cell: (row: ComparisonRow) => string];

const COLUMNS: readonly Column[] = [
  ["trainable", (row) => grouped(row.trainableParameters)],
  ["share (%)", (row) => row.trainablePercent.toPrecision(3)],
  ["peak memory (MB)", (row) => grouped(row.peakRssBytes / 1e6)],
  ["time (s)", (row) => fixed(row.trainSeconds)],
  ["tokens/s", (row) => grouped(row.tokensPerSecond)],
  ["saved (MB)", (row) => fixed(row.savedBytes / 1e6)],
];

/** All columns: what the runs took, and how well they did. */
const columnsOf = (rows: readonly ComparisonRow[]): readonly Column[] => [
  ...COLUMNS,
  ...(rows[0] ? scoresOfRow(rows[0]) : []).map(
    ({ title }, i): Column => [title, (row) => score(scoresOfRow(row)[i] as RowScore)],
  ),
];

/** Split that a comparison's scores are of: the validation split where there is no test split. */
export type ScoredSplit = "test" | "validation";

/** A comparison as Markdown: a row a run; with several seeds, first a row a method with the means over them. */
export function comparisonMarkdown(recipe: Recipe, rows: readonly ComparisonRow[], split: ScoredSplit): string {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const runs = table([["method", ({ method }) => method], ["seed", ({ seed }) => String(seed)], ...columnsOf(rows)], rows); // biome-ignore format: a table
  const scores = rows[0] ? scoresOfRow(rows[0]).map(({ title }) => title) : [];
  const [titles, drawn] = [sentence(scores.join(" and ")), sentence(scores.at(-1) ?? "")];
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  const means = methods.map((method) => mean(rows.filter((row) => row.method === method)));
  const summary = table([["method", ({ method }) => method], ...columnsOf(rows)], means);
  return `${[
    `# ${methods.join(", ")} on ${shortName(recipe.model_name_or_path)}`,
    `Data: \`${shortName(recipe.dataset_name)}\`. ${titles} on the ${split} split, with 95 % bootstrap intervals over the examples.`,
    `![${drawn} against peak memory and trainable parameters](comparison.svg)`,
    ...(seeds > 1 ? [`## Means over ${seeds} seeds`, summary, "## Runs", runs] : [runs]),
  ].join("\n\n")}\n`;
}

/** Every figure's mean; an interval's ends are means too. */
function mean(rows: readonly ComparisonRow[]): ComparisonRow {
  const over = (values: readonly unknown[]): unknown => {
    const [first] = values;
    if (typeof first === "number") return (values as number[]).reduce((sum, value) => sum + value, 0) / values.length;
    if (Array.isArray(first)) return first.map((_, i) => over((values as unknown[][]).map((value) => value[i])));
    return first;
  };
  const keys = Object.keys(rows[0] ?? {}) as (keyof ComparisonRow)[];
  return Object.fromEntries(keys.map((key) => [key, over(rows.map((row) => row[key]))])) as unknown as ComparisonRow;
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
const sentence = (title: string): string => title.slice(0, 1).toUpperCase() + title.slice(1);
const score = ({ value, interval: [low, high] }: RowScore): string =>
  `${value.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
