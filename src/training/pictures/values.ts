import { predictedSvg } from "../../charts/predicted-svg.ts";
import type { Picture } from "./picture.ts";

/** Predicted values against true ones. */
export const predictedPicture: Picture = {
  file: "predicted.svg",
  draw({ method, scores }) {
    const { classes, labels, predictions } = scores?.predictions ?? {};
    if (classes || !labels || !predictions || labels.length === 0) return undefined;
    const values = { labels: labels as readonly number[], predictions: predictions as readonly number[] };
    return {
      svg: predictedSvg({ method, ...values }),
      alt: `Predicted against true values of ${labels.length} examples`,
    };
  },
};
