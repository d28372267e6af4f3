import { type ConfidenceBin, calibration } from "../metrics/calibration.ts";
import { countLabel, shareAxis } from "./axis.ts";
import { legend } from "./legend.ts";
import { HEADING, page } from "./page.ts";
import { colourOf } from "./palette.ts";
import { el, line, text, titleOf } from "./svg.ts";

/** Predictions of a classifier with their confidence. */
export interface Confident {
  readonly method: string;
  /** Probability of each predicted class. */
  readonly confidences: readonly number[];
  /** True for each prediction that is right. */
  readonly correct: readonly boolean[];
}

const [WIDTH, LEFT, RIGHT] = [520, 64, 496];
/** Edges of the plot of accuracies and of the plot of counts. */
const [TOP, BOTTOM] = [HEADING + 24, HEADING + 24 + 300];
const [COUNT_TOP, COUNT_BOTTOM] = [BOTTOM + 54, BOTTOM + 124];

/** A reliability diagram: accuracy against confidence in ten bins, and below it the number of predictions in each. */
export function reliabilitySvg({ method, confidences, correct }: Confident): string {
  const { bins, expectedError } = calibration(confidences, correct);
  const error = expectedError.toFixed(3);
  const [x, y] = [shareAxis([LEFT, RIGHT]), shareAxis([BOTTOM, TOP])];
  const colour = colourOf(method);
  const most = Math.max(...bins.map(({ count }) => count));
  const bars = bins.flatMap((bin, i) => barsOf(bin, [x.at(i / bins.length), x.at((i + 1) / bins.length)], y.at, most, colour)); // biome-ignore format: a list
  const entries = [
    { label: "accuracy", mark: (x: number, y: number) => el("rect", { x: x - 6, y: y - 6, width: 12, height: 12, fill: colour, "fill-opacity": 0.7 }) },
    { label: "mean confidence", mark: (x: number, y: number) => line(x - 9, y, x + 9, y, { class: "ink", "stroke-width": 2 }) },
  ]; // biome-ignore format: entries
  return page(
    {
      width: WIDTH,
      height: COUNT_BOTTOM + 52,
      left: LEFT,
      title: `Reliability diagram: accuracy against confidence in ten bins, expected calibration error ${error}`,
      heading: `Reliability: expected calibration error ${error}`,
    },
    ...legend(RIGHT, HEADING + 6, entries),
    ...y.ticks.flatMap(({ value, label }) => [
      line(LEFT, value, RIGHT, value, { class: "grid" }),
      text(LEFT - 8, value + 4, label, { class: "soft small", "text-anchor": "end" }),
    ]),
    line(LEFT, BOTTOM, RIGHT, TOP, { class: "axis", "stroke-dasharray": "2 4" }),
    ...bars,
    ...[BOTTOM, COUNT_BOTTOM].map((bottom) => line(LEFT, bottom, RIGHT, bottom, { class: "axis" })),
    text(LEFT, COUNT_TOP - 22, "predictions in each bin", { class: "soft" }),
    ...x.ticks.flatMap(({ value, label }) => [
      line(value, COUNT_BOTTOM, value, COUNT_BOTTOM + 5, { class: "axis" }),
      text(value, COUNT_BOTTOM + 18, label, { class: "soft small", "text-anchor": "middle" }),
    ]),
    text((LEFT + RIGHT) / 2, COUNT_BOTTOM + 40, "confidence", { "text-anchor": "middle" }),
  );
}

function barsOf(
  { count, accuracy, confidence }: ConfidenceBin,
  [from, to]: readonly [number, number],
  at: (share: number) => number,
  most: number,
  colour: string,
): string[] {
  if (count === 0) return [];
  const [left, width] = [from + 3, to - from - 6];
  const bar = { x: left, width, fill: colour };
  const height = Math.max(1, (count / most) * (COUNT_BOTTOM - COUNT_TOP));
  const whole = `${count} predictions: accuracy ${accuracy.toFixed(3)}, mean confidence ${confidence.toFixed(3)}`;
  return [
    el("rect", { ...bar, y: at(accuracy), height: BOTTOM - at(accuracy), "fill-opacity": 0.7 }, titleOf(whole)),
    line(left, at(confidence), left + width, at(confidence), { class: "ink", "stroke-width": 2 }),
    el("rect", { ...bar, y: COUNT_BOTTOM - height, height, "fill-opacity": 0.4 }),
    text((from + to) / 2, COUNT_BOTTOM - height - 4, countLabel(count), {
      class: "soft small",
      "text-anchor": "middle",
    }),
  ];
}
