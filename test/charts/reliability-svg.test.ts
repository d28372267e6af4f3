import { expect, test } from "vitest";
import { reliabilitySvg } from "../../src/charts/reliability-svg.ts";
import { retrievalSvg } from "../../src/charts/retrieval-svg.ts";
import { all, collisions, parsed } from "./drawing.ts";

const confidences = [0.95, 0.9, 0.85, 0.62, 0.55, 0.31];
const correct = [true, true, false, true, false, false];

test("draws confidence as it did when last looked at", async () => {
  await expect(reliabilitySvg({ method: "lora", confidences, correct })).toMatchFileSnapshot("golden/reliability.svg");
});

test.each([
  ["one prediction", [1], [true]],
  ["none right", [0.2, 0.9], [false, false]],
  ["hundreds of thousands", Array.from({ length: 300_000 }, (_, i) => (i + 0.5) / 300_000), Array<boolean>(300_000).fill(true)],
])("of %s no text lies over another, and no number is missing", (_, confidences, correct) => {
  const text = reliabilitySvg({ method: "full", confidences, correct });
  expect(text).not.toMatch(/NaN|Infinity|undefined/);
  expect(collisions(parsed(text))).toEqual([]);
}); // biome-ignore format: a test

test("the heading has the calibration error; counts stand over their bins", () => {
  const texts = all(parsed(reliabilitySvg({ method: "lora", confidences: [0.75, 0.75], correct: [true, false] })), "text").map(({ text }) => text); // biome-ignore format: a chain
  expect(texts).toContain("Reliability: expected calibration error 0.250");
  expect(texts).toContain("2");
});

test("draws search as it did when last looked at, equal scores side by side", async () => {
  const scores = [
    { k: 1, recall: 0.5, accuracy: 0.5 },
    { k: 5, recall: 0.75, accuracy: 0.8 },
    { k: 10, recall: 1, accuracy: 1 },
  ];
  const text = retrievalSvg("lora", scores);
  await expect(text).toMatchFileSnapshot("golden/retrieval.svg");
  expect(collisions(parsed(text))).toEqual([]);
  const bars = all(parsed(text), "rect").filter(({ attributes }) => attributes.width === "44");
  expect(new Set(bars.map(({ attributes }) => attributes.x)).size).toBe(6);
});
