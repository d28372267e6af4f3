import { describe, expect, test } from "vitest";
import { labelsOf } from "../../src/examples/labels.ts";
import { numbersAsClasses } from "../../src/examples/number-labels.ts";
import { type Keys, rowsOf, runHere } from "../running.ts";

const found = (labels: readonly (number | string)[]) => labels.map((label, i) => ({ label, where: `d.csv:${i + 2}` }));
const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
const said = (labels: readonly (number | string)[], id2label = {}) =>
  numbersAsClasses(found(labels), labelsOf(found(labels), id2label, "config.json"));

describe("labels that are all numbers", () => {
  test.each([
    ["ids from 0", range(0, 149)],
    ["ids from 1, as text", range(1, 77).map(String)],
    ["few", [3, 7, 11]],
    ["names", ["a", "b"]],
  ])("%s are classes", (_, labels) => expect(said(labels)).toEqual([]));

  test("are classes where the model names them", () => {
    const labels = range(0, 30).filter((id) => id !== 7);
    const id2label = Object.fromEntries(range(0, 30).map((id) => [id, `class ${id}`]));
    expect(said(labels, id2label)).toEqual([]);
    expect(said(labels)).toHaveLength(1);
  });

  test.each([
    ["many whole numbers", range(18, 90)],
    ["many with gaps", range(0, 400, 7)],
    ["a few fractions", ["0.0", "0.5", "1.0"]],
  ])("%s get a warning", (_, labels) => {
    expect(said(labels).join()).toMatch(
      /^the labels are \d+ different numbers, from \d+ to \d+, .*problem_type: regression/,
    );
  });

  test("many fractions, as CSV has them, are refused", () => {
    const labels = range(0, 100).map((n) => (n / 100).toFixed(2));
    expect(() => said(labels)).toThrow(
      /the labels are 101 different numbers, from 0 to 1\n {2}at: d\.csv:3\n {2}expected: problem_type: regression .* or problem_type: single/,
    );
  });
});

describe("a run", () => {
  const rows = (label: (i: number) => unknown) => ({
    train: rowsOf()
      .train!.slice(0, 30)
      .map(({ text }, i) => ({ text, label: label(i) })),
  });
  const run = (keys: Keys, label: (i: number) => unknown) => runHere({ max_steps: 1, ...keys }, { rows: rows(label) });
  const warnings = async (keys: Keys, label: (i: number) => unknown): Promise<string> =>
    (await run(keys, label)).events.flatMap((event) => (event.kind === "warning" ? event.message : [])).join();

  test("says so of whole numbers, unless the recipe settles it", async () => {
    expect(await warnings({}, (i) => 10 * i)).toContain("the labels are 30 different numbers, from 0 to 290");
    expect(await warnings({ problem_type: "single_label_classification" }, (i) => 10 * i)).toBe("");
    expect(await warnings({ problem_type: "regression" }, (i) => 10 * i)).toBe("");
  });

  test("refuses texts of fractions, unless the recipe settles it", async () => {
    await expect(run({}, (i) => `0.${10 + i}`)).rejects.toThrow(
      "the labels are 30 different numbers, from 0.1 to 0.39",
    );
    expect((await run({ problem_type: "regression" }, (i) => `0.${10 + i}`)).losses).toHaveLength(1);
  });
});
