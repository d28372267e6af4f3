import { removeFolder, writeTextAtomic } from "#platform";
import { confusionPicture, reliabilityPicture } from "./classification.ts";
import { labelsPicture } from "./labels.ts";
import type { Picture, PicturedRun } from "./picture.ts";
import { retrievalPicture } from "./retrieval.ts";
import { trainingPicture } from "./training.ts";
import { predictedPicture } from "./values.ts";

/** Pictures that a run may have. One line a picture; all else about it is in its own file. */
const PICTURES: readonly Picture[] = [
  trainingPicture,
  confusionPicture,
  reliabilityPicture,
  labelsPicture,
  predictedPicture,
  retrievalPicture,
];

/** Names of the files of pictures. */
export const PICTURE_FILES = PICTURES.map(({ file }) => file);

/** Pictures that were written, and what kept others from it. */
export interface WrittenPictures {
  readonly pictures: readonly { readonly file: string; readonly alt: string }[];
  readonly warnings: readonly string[];
}

/**
 * Draws a run into its folder. A picture that fails is a warning, because a run is worth more than its pictures.
 * @param named Name of a picture's file. Default: its own.
 */
export async function writePictures(
  folder: string,
  run: PicturedRun,
  named: (file: string) => string = (file) => file,
): Promise<WrittenPictures> {
  const pictures: { file: string; alt: string }[] = [];
  const warnings: string[] = [];
  for (const { file: own, draw } of PICTURES) {
    const file = named(own);
    try {
      await removeFolder(`${folder}/${file}`); // an earlier run's picture would be taken for this one's
      const drawn = draw(run);
      if (!drawn) continue;
      await writeTextAtomic(`${folder}/${file}`, drawn.svg);
      pictures.push({ file, alt: drawn.alt });
    } catch (error) {
      warnings.push(`${file} was not written: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { pictures, warnings };
}
