import { expect, test } from "vitest";
import { confusionOf, confusionSvg, MOST_CLASSES } from "../../src/charts/confusion-svg.ts";
import { all, collisions, parsed } from "./drawing.ts";

/** A label for each pair of classes, as many as the column's number: every cell of `size` classes counts something. */
function everyCell(size: number, nameOf: (id: number) => string, times = 1) {
  const pairs = Array.from({ length: size * size }, (_, i) => [Math.floor(i / size), i % size] as const).flatMap((pair) => Array<typeof pair>(times).fill(pair)); // biome-ignore format: one list
  return {
    method: "lora",
    classes: Array.from({ length: size }, (_, id) => nameOf(id)),
    labels: pairs.map(([label]) => label),
    predictions: pairs.map(([, prediction]) => prediction),
  };
}

test("draws three classes as they were when last looked at", async () => {
  const found = { method: "lora", classes: ["no", "yes", "perhaps"], labels: [0, 0, 0, 1, 1, 2], predictions: [0, 0, 1, 1, 0, 2] }; // biome-ignore format: a fixture
  await expect(confusionSvg(found)).toMatchFileSnapshot("golden/confusion.svg");
});

test("rows are true classes, columns predicted ones", () => {
  const { names, counts } = confusionOf({ classes: ["a", "b"], labels: [0, 0, 0, 1], predictions: [0, 1, 1, 1] });
  expect(names).toEqual(["a", "b"]);
  expect(counts).toEqual([[1, 2], [0, 1]]); // biome-ignore format: a matrix
});

test("of many classes the rarest share a row and a column, and no label is lost", () => {
  const classes = Array.from({ length: 100 }, (_, id) => `c${id}`);
  const labels = classes.flatMap((_, id) => Array<number>(1 + (id % 50)).fill(id));
  const { names, counts } = confusionOf({ classes, labels, predictions: labels.map((label) => 99 - label) });
  expect(names).toHaveLength(MOST_CLASSES);
  expect(names.at(-1)).toBe("71 other classes");
  expect(names).toEqual(expect.arrayContaining(["c49", "c99"]));
  expect(names).not.toContain("c0");
  expect(counts.flat().reduce((a, b) => a + b)).toBe(labels.length);
});

test.each([2, 3, 5, 12, 21, 30])("of %i classes, with short and long names, no text lies over another", (size) => {
  for (const nameOf of [(id: number) => `${id}`, (id: number) => `a long name of the class ${id} & more`, (id: number) => `条款${id}`]) {
    for (const times of [1, 120]) {
      const text = confusionSvg(everyCell(size, nameOf, times));
      expect(collisions(parsed(text))).toEqual([]);
      expect(text.length).toBeLessThan(100_000);
    }
  }
}); // biome-ignore format: a test

test("a long name is shortened, and whole under the pointer", () => {
  const name = "intellectual property rights of others";
  const names = all(parsed(confusionSvg(everyCell(2, (id) => `${id} ${name}`))), "text").filter(({ children }) => children.length > 0); // biome-ignore format: a chain
  expect(names).toHaveLength(4);
  for (const { text, children } of names) {
    expect(text).toMatch(/^[01] intellect.*….* others$/);
    expect(children[0]!.text).toContain(name);
  }
});

test("markup and control characters in names are text", () => {
  const svg = parsed(confusionSvg(everyCell(2, (id) => ['<b a="&">', "bell\u0007 half\ud800"][id]!)));
  const texts = all(svg, "text").map(({ text }) => text);
  expect(texts).toContain('<b a="&">');
  expect(texts).toContain("bell\ufffd half\ufffd");
});
