import type { Scores } from "../../tasks/definition.ts";

/** A finished run, as its pictures see it. */
export interface PicturedRun {
  readonly method: string;
  /** Recipe key: name of the score that decides which state is the best. */
  readonly metric?: string | undefined;
  /** Steps and evaluations, as `metrics.jsonl` has them. */
  readonly history: readonly Readonly<Record<string, unknown>>[];
  /** Scores after the last step; `history` ends with them. */
  readonly scores?: Scores | undefined;
}

/** A picture as text. */
export interface Drawn {
  /** Description of the picture, for those who do not see it. */
  readonly alt: string;
  readonly svg: string;
}

/** One kind of picture in the output folder. */
export interface Picture {
  readonly file: string;
  /** Draws a run; `undefined` of a run that has nothing of the kind. */
  draw(run: PicturedRun): Drawn | undefined;
}
