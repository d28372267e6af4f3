import { linearAxis } from "../src/charts/axis.ts";
import { el, line, text } from "../src/charts/svg.ts";

/** A logged step: its number and the loss that was seen. */
export interface Point {
  readonly step: number;
  readonly loss: number;
}

const [WIDTH, HEIGHT] = [640, 320];
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 16, 16, 44];
const INK = "#444";
const SMALL = { "font-size": 12, fill: INK };

/** Draws the loss on training steps as a line, and that on held-out texts as dots. */
export function lossCurve(train: readonly Point[], heldOut: readonly Point[]): string {
  const all = [...train, ...heldOut];
  const steps = [0, ...all.map(({ step }) => step)];
  const x = linearAxis(steps, [LEFT, WIDTH - RIGHT]);
  const losses = all.map(({ loss }) => loss);
  const y = linearAxis(losses, [HEIGHT - BOTTOM, TOP]);
  const path = train.map(
    ({ step, loss }, i) => `${i === 0 ? "M" : "L"}${x.at(step).toFixed(1)} ${y.at(loss).toFixed(1)}`,
  );
  return el(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "font-family": "sans-serif" },
    el("title", {}, "Loss on hidden words while the encoder is pretrained"),
    el("rect", { width: WIDTH, height: HEIGHT, fill: "#fff" }),
    ...y.ticks.flatMap(({ value, label }) => [
      line(LEFT, value, WIDTH - RIGHT, value, { stroke: "#ddd" }),
      text(LEFT - 8, value + 4, label, { ...SMALL, "text-anchor": "end" }),
    ]),
    ...x.ticks.map(({ value, label }) =>
      text(value, HEIGHT - BOTTOM + 18, label, { ...SMALL, "text-anchor": "middle" }),
    ),
    el("path", { d: path.join(""), fill: "none", stroke: "#3b6fb6", "stroke-width": 1 }),
    ...heldOut.map(({ step, loss }) => el("circle", { cx: x.at(step), cy: y.at(loss), r: 4, fill: "#c0392b" })),
    text(
      (LEFT + WIDTH) / 2,
      HEIGHT - 8,
      "steps; line: loss of a step's hidden words in nats; dots: on held-out contracts",
      {
        ...SMALL,
        "text-anchor": "middle",
      },
    ),
  );
}
