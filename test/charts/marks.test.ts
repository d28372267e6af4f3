import { expect, test } from "vitest";
import { besideEachOther, mark } from "../../src/charts/marks.ts";

const at = (x: number, y: number) => ({ x, top: y - 6, bottom: y + 6 });

test("points that coincide stand side by side about their place; others stay", () => {
  expect(besideEachOther([at(100, 50), at(100, 50), at(300, 50), at(100, 200)], [0, 400])).toEqual([94, 106, 300, 100]);
});

test("nothing leaves the plot, and many points share the room", () => {
  const many = besideEachOther(Array.from({ length: 30 }, () => at(5, 50)), [10, 400]); // biome-ignore format: one call
  expect(new Set(many).size).toBe(30);
  expect(Math.min(...many)).toBe(10);
  expect(Math.max(...many)).toBe(82);
});

test("groups have shapes of their own", () => {
  const shapes = Array.from({ length: 6 }, (_, group) => mark(group, 50, 50, "#000"));
  expect(new Set(shapes).size).toBe(6);
});
