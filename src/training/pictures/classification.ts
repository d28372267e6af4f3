import { confusionSvg } from "../../charts/confusion-svg.ts";
import { reliabilitySvg } from "../../charts/reliability-svg.ts";
import type { Picture, PicturedRun } from "./picture.ts";

/** The predicted class of each label, by the names of `eval_predictions.json`. */
interface Classified {
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly confidences: readonly number[];
}

/** Predictions of a classifier with one class a label; `undefined` where there are none. */
function classifiedIn({ scores }: PicturedRun): Classified | undefined {
  const { confidences, labels } = scores?.predictions ?? {};
  return confidences && labels && labels.length > 0 ? (scores?.predictions as unknown as Classified) : undefined;
}

/** Predicted classes against true ones. */
export const confusionPicture: Picture = {
  file: "confusion.svg",
  draw(run) {
    const found = classifiedIn(run);
    if (!found) return undefined;
    const alt = `Confusion matrix of ${found.classes.length} classes over ${found.labels.length} labels`;
    return { svg: confusionSvg({ method: run.method, ...found }), alt };
  },
};

/** Trust that the probabilities of a classifier deserve. */
export const reliabilityPicture: Picture = {
  file: "reliability.svg",
  draw(run) {
    const found = classifiedIn(run);
    if (!found) return undefined;
    const { confidences, labels, predictions } = found;
    const correct = labels.map((label, i) => label === predictions[i]);
    const alt = `Accuracy against confidence of ${labels.length} predictions in ten bins`;
    return { svg: reliabilitySvg({ method: run.method, confidences, correct }), alt };
  },
};
