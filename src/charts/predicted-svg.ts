import { regressionReport } from "../metrics/regression.ts";
import { linearAxis } from "./axis.ts";
import { HEADING, page, SMALL_FONT } from "./page.ts";
import { colourOf } from "./palette.ts";
import { el, line, text, textWidth } from "./svg.ts";

/** Predicted values, in the order of the data. */
export interface PredictedValues {
  readonly method: string;
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
}

/** Most examples that are drawn: a picture stays below 100 kB. */
export const MOST_EXAMPLES = 1000;

const [SIDE, MARGIN] = [420, 24];
const [TOP, BOTTOM] = [HEADING + 24, HEADING + 24 + SIDE];

/** Predicted against true values as points, on equal axes: right ones lie on the dashed line. */
export function predictedSvg({ method, labels, predictions }: PredictedValues): string {
  const { pearson, rSquared } = regressionReport(labels, predictions);
  const all = labels.reduce<readonly [number, number]>(
    ([least, most], label, i) => {
      const prediction = predictions[i] as number;
      return [Math.min(least, label, prediction), Math.max(most, label, prediction)];
    },
    [Infinity, -Infinity],
  );
  const y = linearAxis(all, [BOTTOM, TOP]);
  const left = Math.ceil(MARGIN + 20 + Math.max(...y.ticks.map(({ label }) => textWidth(label, SMALL_FONT))));
  const right = left + SIDE;
  const x = linearAxis(all, [left, right]);
  const every = Math.ceil(labels.length / MOST_EXAMPLES);
  const shown = [...labels.keys()].filter((i) => i % every === 0);
  const points = shown.map((i) => el("circle", { cx: x.at(labels[i] as number), cy: y.at(predictions[i] as number), r: 3.5 })); // biome-ignore format: one line
  const some = every > 1 ? `${shown.length} of ${labels.length} examples; ` : "";
  return page(
    {
      width: Math.ceil(right + MARGIN),
      height: BOTTOM + 48,
      left: MARGIN,
      title: `Predicted against true values of ${labels.length} examples, correlation ${pearson.toFixed(3)}`,
      heading: `Predicted values: correlation ${pearson.toFixed(3)}, R² ${rSquared.toFixed(3)}`,
    },
    text(MARGIN, HEADING, `${some}dashed: predicted = true`, { class: "soft" }),
    ...y.ticks.flatMap(({ value, label }) => [
      line(left, value, right, value, { class: "grid" }),
      text(left - 8, value + 4, label, { class: "soft small", "text-anchor": "end" }),
    ]),
    ...x.ticks.flatMap(({ value, label }) => [
      line(value, TOP, value, BOTTOM, { class: "grid" }),
      text(value, BOTTOM + 18, label, { class: "soft small", "text-anchor": "middle" }),
    ]),
    el("g", { fill: colourOf(method), "fill-opacity": shown.length > 100 ? 0.35 : 0.7 }, ...points),
    line(left, BOTTOM, right, TOP, { class: "axis", "stroke-dasharray": "4 4" }),
    text((left + right) / 2, BOTTOM + 38, "true value", { "text-anchor": "middle" }),
    el(
      "g",
      {},
      text(MARGIN, (TOP + BOTTOM) / 2, "predicted value", {
        "text-anchor": "middle",
        transform: `rotate(-90 ${MARGIN} ${(TOP + BOTTOM) / 2})`,
      }),
    ),
  );
}
