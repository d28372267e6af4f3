import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindShape, broadcastShapes, product, resolveDim, resolveShape, sameCount } from "../../src/ir/dims.ts";
import type { Shape } from "../../src/ir/types.ts";

const LENGTHS = new Map([
  ["batch", 2],
  ["seq", 3],
]);
const dim = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom("batch", "seq", "batch*seq"));
const shape = fc.array(dim, { maxLength: 4 });
const count = (dims: Shape): number => resolveShape(dims, LENGTHS).reduce((n, length) => n * length, 1);

describe("counting", () => {
  test("shapes of the same count hold equally many elements", () =>
    fc.assert(fc.property(shape, shape, (a, b) => !sameCount(a, b) || count(a) === count(b))));

  test("the order of dims and where products are cut does not matter", () => {
    expect(sameCount(["batch", "seq", 8], ["batch*seq", 2, 4])).toBe(true);
    expect(sameCount(["seq", "batch"], ["batch*seq"])).toBe(true);
    expect(sameCount(["batch", "seq"], ["batch", "batch"])).toBe(false);
    expect(product([2, "seq", "batch*seq", 3])).toEqual({ count: 6, names: ["batch", "seq", "seq"] });
  });
});

describe("broadcasting", () => {
  test.each<[Shape, Shape, Shape | null]>([
    [[], ["tokens", 4], ["tokens", 4]],
    [["tokens", 4], [4], ["tokens", 4]],
    [
      ["batch", 1, "seq"],
      [5, 1],
      ["batch", 5, "seq"],
    ],
    [
      [3, 1],
      [1, 4],
      [3, 4],
    ],
    [["batch"], ["seq"], null],
    [["batch"], [2], null],
    [[3], [4], null],
  ])("[%s] with [%s] is [%s]", (a, b, both) => {
    expect(broadcastShapes(a, b)).toEqual(both);
    expect(broadcastShapes(b, a)).toEqual(both);
  });

  test("a shape fits itself and its own tail", () =>
    fc.assert(
      fc.property(shape, fc.nat(4), (a, from) => {
        expect(broadcastShapes(a, a)).toEqual(a);
        expect(broadcastShapes(a, a.slice(from))).toEqual(a);
      }),
    ));
});

describe("at run time", () => {
  test("a product is bound as a whole or by its factors", () => {
    expect(resolveDim("batch*seq", LENGTHS)).toBe(6);
    expect(resolveDim("2*batch", LENGTHS)).toBe(4);
    expect(resolveDim("batch*seq", new Map([["batch*seq", 5]]))).toBe(5);
  });

  test("an unbound name is an error that lists those that are bound", () =>
    expect(() => resolveDim("heads", LENGTHS)).toThrow(
      new RangeError("dim heads is not bound; bound are: batch, seq"),
    ));

  test("binding what a shape resolves to gives the lengths back", () =>
    fc.assert(
      fc.property(shape, (dims) => {
        const bindings = new Map<string, number>();
        expect(bindShape(dims, resolveShape(dims, LENGTHS), bindings)).toBeNull();
        for (const [name, length] of bindings) expect(length).toBe(resolveDim(name, LENGTHS));
      }),
    ));

  test.each<[Shape, number[], string]>([
    [["batch", 4], [2], "expected rank 2, got [2]"],
    [["batch", 4], [2, 5], "dim 1 (4) is 5, expected 4"],
    [["batch", "batch"], [2, 3], "dim 1 (batch) is 3, expected 2"],
  ])("[%s] is not [%s]: %s", (dims, actual, problem) => expect(bindShape(dims, actual, new Map())).toBe(problem));
});
