import { expect, test } from "vitest";
import { familiesOf } from "../../src/provisions/families.ts";

const families = (licenses: Record<string, readonly number[]>) =>
  Object.fromEntries(familiesOf(new Map(Object.entries(licenses).map(([id, list]) => [id, new Set(list)])), 0.5));

test("names that begin alike, and one house's names, are one family", () => {
  const apart = { "BSD-1": [1], "CC-BY-4.0": [2], "CC0-1.0": [3], "GFDL-1.1": [4], "LGPL-2.1": [5], "BSD-2": [6] };
  expect(families(apart)).toEqual({
    "BSD-1": "BSD-1",
    "BSD-2": "BSD-1",
    "CC-BY-4.0": "CC-BY-4.0",
    "CC0-1.0": "CC-BY-4.0",
    "GFDL-1.1": "GFDL-1.1",
    "LGPL-2.1": "GFDL-1.1",
  });
});

test("so are texts of which the smaller is half in the other, and what is like those", () => {
  const chain = { A: [1, 2, 3, 4], B: [3, 4, 5, 6, 7, 8], C: [7, 8, 9], D: [9, 10, 11], E: [12] };
  expect(families(chain)).toEqual({ A: "A", B: "A", C: "A", D: "D", E: "E" });
});
