import { labelsSvg, shownLabels } from "../../charts/labels-svg.ts";
import type { Picture } from "./picture.ts";

/** Scores of the labels of texts that may have several. */
export const labelsPicture: Picture = {
  file: "labels.svg",
  draw({ method, scores }) {
    const { classes, labels } = scores?.predictions ?? {};
    const perClass = scores?.metrics.eval_per_class;
    if (!classes || !Array.isArray(labels?.[0]) || typeof perClass !== "object") return undefined;
    const all = (classes as readonly string[]).flatMap((name) => {
      const own = perClass[name];
      return own ? [{ class: name, ...own }] : [];
    });
    const few = shownLabels(all).length;
    const alt = `Precision, recall and F1 of ${few === all.length ? few : `the ${few} worst of ${all.length}`} labels`;
    return { svg: labelsSvg(method, all), alt };
  },
};
