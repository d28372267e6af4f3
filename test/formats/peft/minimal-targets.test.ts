import fc from "fast-check";
import { expect, test } from "vitest";
import { minimalTargets } from "../../../src/formats/peft/minimal-targets.ts";
import { endsWithPath } from "../../../src/peft/targets.ts";

const params = [
  "a.0.query.weight",
  "a.0.dense.weight",
  "a.1.query.weight",
  "a.1.dense.weight",
  "head.dense.weight",
  "norm.weight",
];

test("the last segment is enough where it means the same everywhere", () => {
  expect(minimalTargets(new Set(["a.0.query", "a.1.query"]), params)).toEqual(["query"]);
});

test("as much of the path as tells targets from other modules", () => {
  expect(minimalTargets(new Set(["a.0.dense", "a.1.dense"]), params)).toEqual(["0.dense", "1.dense"]);
  expect(minimalTargets(new Set(["a.0.query"]), params)).toEqual(["0.query"]);
});

test("modules that only hold others count too", () => {
  expect(minimalTargets(new Set(["x.out"]), ["x.out.weight", "y.out.dense.weight"])).toEqual(["x.out"]);
});

test("selects exactly the targets, whatever the modules are called", () => {
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 3, maxLength: 3 }).map((parts) => parts.join("."));
  const modules = fc.uniqueArray(path, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(modules, fc.func(fc.boolean()), (all, isTarget) => {
      const targets = new Set(all.filter((module) => isTarget(module)));
      const ends = minimalTargets(
        targets,
        all.map((module) => `${module}.weight`),
      );
      expect(new Set(all.filter((module) => ends.some((end) => endsWithPath(module, end))))).toEqual(targets);
    }),
  );
});
