import { writeTextAtomic } from "#platform";
import { VERSION } from "../../version.ts";
import type { PicturedRun } from "../pictures/picture.ts";
import { PICTURE_FILES, writePictures } from "../pictures/write.ts";
import type { Evaluation } from "./evaluation.ts";
import { evaluationMarkdown } from "./markdown.ts";

/** First part of the names of a report's files: of a trained model, or of a base model alone. */
export type ReportStem = "evaluation" | "base-evaluation";

/** Files of the report of a trained model; they are of no use once it is trained again. */
export const EVALUATION_FILES = [
  ...["evaluation.json", "evaluation.md"],
  ...PICTURE_FILES.map((file) => pictureFile("evaluation", file)),
];

/** Name of a report's picture. It stands beside the picture of the run, which the model card shows. */
function pictureFile(stem: ReportStem, file: string): string {
  return `${stem}-${file}`;
}

/**
 * Writes the report of an evaluation for programs (`evaluation.json`), for people (`evaluation.md`) and its pictures.
 * @returns the path of the one for people, and what kept pictures from being drawn.
 * @throws {FileError} when the folder cannot be written.
 */
export async function writeEvaluation(
  folder: string,
  stem: ReportStem,
  evaluation: Evaluation,
  run: Pick<PicturedRun, "method" | "scores">,
): Promise<{ readonly path: string; readonly warnings: readonly string[] }> {
  const { pictures, warnings } = await writePictures(folder, { ...run, history: [] }, (file) =>
    pictureFile(stem, file),
  );
  const { facts, metrics, tables } = evaluation;
  const content = {
    notice: "worst_examples quotes texts of the data",
    lowrank: VERSION,
    ...facts,
    metrics,
    ...Object.fromEntries(tables.map(({ key, rows }) => [key, rows])),
    pictures: pictures.map(({ file }) => file),
  };
  await writeTextAtomic(`${folder}/${stem}.json`, `${JSON.stringify(content, null, 2)}\n`);
  const path = `${folder}/${stem}.md`;
  await writeTextAtomic(path, evaluationMarkdown(evaluation, pictures));
  return { path, warnings };
}
