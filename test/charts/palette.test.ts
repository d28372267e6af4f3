import { expect, test } from "vitest";
import { confusionSvg } from "../../src/charts/confusion-svg.ts";
import { colourOf } from "../../src/charts/palette.ts";
import { reliabilitySvg } from "../../src/charts/reliability-svg.ts";
import { retrievalSvg } from "../../src/charts/retrieval-svg.ts";
import { trainingSvg } from "../../src/charts/training-svg.ts";
import { METHODS } from "../../src/methods/keys/index.ts";
import { comparisonSvg } from "../../src/node/compare/comparison-svg.ts";
import { rowOf } from "../node/compare/comparison-rows.ts";
import { coloursOf } from "./drawing.ts";

test("each method has a colour of its own", () => {
  const colours = [...METHODS, "gradual"].map(colourOf);
  expect(new Set(colours).size).toBe(colours.length);
  for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  expect(colourOf("toString")).toMatch(/^#/);
});

test.each([...METHODS, "another"])("%s has the same colour in every picture", (method) => {
  const steps = [1, 2, 3, 4, 5, 6].map((step) => ({ step, loss: 1 / step, learningRate: 1, gradNorm: 1 }));
  const pictures = [
    trainingSvg({ method, steps, evaluations: [] }),
    confusionSvg({ method, classes: ["a", "b"], labels: [0, 1], predictions: [0, 1] }),
    reliabilitySvg({ method, confidences: [0.5], correct: [true] }),
    retrievalSvg(method, [{ k: 1, recall: 0.5, accuracy: 0.5 }]),
    comparisonSvg([rowOf(method)]),
  ];
  for (const picture of pictures) {
    expect(coloursOf(picture)).toEqual([colourOf(method)]);
    expect(picture).toContain("prefers-color-scheme: dark");
  }
  const beside = coloursOf(comparisonSvg([rowOf("full"), rowOf(method), rowOf("qlora")]));
  expect(beside).toContain(colourOf(method));
});
