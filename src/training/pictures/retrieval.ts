import { retrievalSvg } from "../../charts/retrieval-svg.ts";
import type { Picture } from "./picture.ts";

/** Search by the number of results. */
export const retrievalPicture: Picture = {
  file: "retrieval.svg",
  draw({ method, scores }) {
    const metrics: Readonly<Record<string, unknown>> = scores?.metrics ?? {};
    const cuts = Object.keys(metrics).flatMap((name) => /^eval_recall@(\d+)$/.exec(name)?.[1] ?? []).map(Number); // biome-ignore format: a chain
    if (cuts.length === 0) return undefined;
    const at = cuts.map((k) => ({
      k,
      recall: Number(metrics[`eval_recall@${k}`]),
      accuracy: Number(metrics[`eval_accuracy@${k}`]),
    }));
    return { svg: retrievalSvg(method, at), alt: `Recall and accuracy among the first ${cuts.join(", ")} results` };
  },
};
