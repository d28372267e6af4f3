import { expect, test } from "vitest";
import { TypedList } from "../../src/examples/typed-list.ts";

test("a list holds what was pushed, however often it grew", () => {
  const list = new TypedList(Float64Array);
  expect([list.at(0), [...list.view()]]).toEqual([undefined, []]);
  const numbers = Array.from({ length: 1000 }, (_, i) => 2 ** 40 + i / 2);
  for (const number of numbers) list.push(number);
  expect([...list.view()]).toEqual(numbers);
  expect([list.length, list.at(999), list.at(1000), list.at(-1)]).toEqual([1000, numbers[999], undefined, undefined]);
});
