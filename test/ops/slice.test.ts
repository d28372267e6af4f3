import { expect, test } from "vitest";
import { OperandError } from "../../src/errors.ts";
import { Graph } from "../../src/ir/graph.ts";
import { slice } from "../../src/ops/shape/slice.ts";

const x = () => new Graph().input("x", { dtype: "float32", shape: ["rows", 6] });

test("takes positions start to end − 1 of the axis", () => {
  expect(slice(x(), { axis: 1, start: 2, end: 6 }).shape).toEqual(["rows", 4]);
});

test.each([
  ["past the end", { axis: 1, start: 2, end: 7 }],
  ["nothing", { axis: 1, start: 3, end: 3 }],
  ["before the start", { axis: 1, start: -1, end: 3 }],
  ["a length not known yet", { axis: 0, start: 0, end: 1 }],
])("refuses %s", (_, attrs) => {
  expect(() => slice(x(), attrs)).toThrow(OperandError);
  expect(() => slice(x(), attrs)).toThrow(/axis \d of \[rows,6\] has no positions/);
});
