import { makeFolder, writeTextAtomic } from "#platform";
import { snakeCaseKeys } from "../../events/events.ts";
import type { ComparisonRow } from "../../events/reports.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { comparisonMarkdown, type ScoredSplit } from "./comparison-markdown.ts";
import { comparisonSvg } from "./comparison-svg.ts";

/** Writes a comparison as data, as tables and as a drawing; returns the paths. */
export async function writeComparison(
  folder: string,
  recipe: Recipe,
  rows: readonly ComparisonRow[],
  split: ScoredSplit,
): Promise<readonly string[]> {
  const files = {
    "comparison.json": `${JSON.stringify({ recipe, rows: rows.map(snakeCaseKeys) }, null, 2)}\n`,
    "comparison.md": comparisonMarkdown(recipe, rows, split),
    "comparison.svg": comparisonSvg(rows),
  };
  await makeFolder(folder);
  for (const [name, content] of Object.entries(files)) await writeTextAtomic(`${folder}/${name}`, content);
  return Object.keys(files).map((name) => `${folder}/${name}`);
}
