import { expect, test } from "vitest";
import { labelsSvg, MOST_LABELS, shownLabels } from "../../src/charts/labels-svg.ts";
import { MOST_EXAMPLES, predictedSvg } from "../../src/charts/predicted-svg.ts";
import { all, collisions, parsed } from "./drawing.ts";

const scoresOf = (size: number, nameOf = (i: number) => `label ${i}`) =>
  Array.from({ length: size }, (_, i) => ({ class: nameOf(i), precision: 1, recall: i / size, f1: (2 * i) / (size + i), support: 7 * i })); // biome-ignore format: one line

test("draws labels as they were when last looked at", async () => {
  const labels = [
    { class: "urgent", precision: 0.9, recall: 0.6, f1: 0.72, support: 40 },
    { class: "billing", precision: 0, recall: 0, f1: 0, support: 12_345 },
  ];
  await expect(labelsSvg("lora", labels)).toMatchFileSnapshot("golden/labels.svg");
});

test.each([1, 2, 40, 41, 200])("of %i labels, with short and long names, no text lies over another", (size) => {
  for (const nameOf of [(i: number) => `${i}`, (i: number) => `a long name of the label ${i} & more`, (i: number) => `条款${i}`]) {
    const svg = labelsSvg("full", scoresOf(size, nameOf));
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(collisions(parsed(svg))).toEqual([]);
    expect(svg.length).toBeLessThan(100_000);
  }
}); // biome-ignore format: a test

test("of many labels the worst are drawn, and that is said; those that no text has come last", () => {
  const shown = shownLabels(scoresOf(200)).map(({ class: name }) => name);
  expect(shown).toEqual(Array.from({ length: MOST_LABELS }, (_, i) => `label ${i + 1}`)); // label 0 has no support
  const texts = all(parsed(labelsSvg("lora", scoresOf(200))), "text").map(({ text }) => text);
  expect(texts).toContain("Scores of labels: the 40 of 200 with the lowest F1");
});

test("a bar is as long as its score", () => {
  const label = { class: "a", precision: 1, recall: 0.5, f1: 0.25, support: 1 };
  const [precision, recall, f1] = all(all(parsed(labelsSvg("lora", [label])), "g")[0]!, "rect").map(({ attributes }) => Number(attributes.width)); // biome-ignore format: one line
  expect([recall! / precision!, f1! / precision!]).toEqual([0.5, 0.25]);
});

const labels = [0.5, -1, 2, 1.25, 0];
const predictions = [0.75, -0.5, 1.5, 1, 0];

test("draws values as they were when last looked at", async () => {
  await expect(predictedSvg({ method: "lora", labels, predictions })).toMatchFileSnapshot("golden/predicted.svg");
});

test.each([
  ["one example", [3], [3]],
  ["one value", [2, 2, 2], [2, 2, 2]],
  ["small values", [1e-6, 2e-6], [3e-6, 0]],
  ["large values", [-2e9, 3e9], [1e9, 1e8]],
  ["years", [1999, 2020], [2001, 2026]],
])("of %s no text lies over another, and no number is missing", (_, labels, predictions) => {
  const svg = predictedSvg({ method: "full", labels, predictions });
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(collisions(parsed(svg))).toEqual([]);
});

test("right predictions lie on the line of equal axes", () => {
  const circles = all(parsed(predictedSvg({ method: "lora", labels: [1, 2, 5], predictions: [1, 2, 5] })), "circle");
  const sums = circles.map(({ attributes }) => Number(attributes.cx) + Number(attributes.cy));
  for (const sum of sums) expect(sum).toBeCloseTo(sums[0]!, 1);
});

test("of many examples some are drawn, evenly, and that is said", () => {
  const labels = Array.from({ length: 2500 }, (_, i) => i);
  const svg = parsed(predictedSvg({ method: "lora", labels, predictions: labels }));
  expect(all(svg, "circle").length).toBeLessThanOrEqual(MOST_EXAMPLES);
  expect(all(svg, "text").map(({ text }) => text)).toContain("834 of 2500 examples; dashed: predicted = true");
  expect(collisions(svg)).toEqual([]);
});
