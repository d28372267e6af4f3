import { describe, expect, test } from "vitest";
import { registry } from "../../src/ops/core/define.ts";
import "../../src/ops/index.ts";
import { gradcheck, runtimeCheck } from "./check.ts";
import { ROWS } from "./op-rows.ts";

test("every op has a row", () => {
  const covered = new Set(ROWS.map(([op]) => op));
  expect([...registry.keys()].filter((op) => !covered.has(op))).toEqual([]);
});

describe("gradients agree with finite differences", () => {
  for (const [op, f, operands, kind] of ROWS) {
    if (!kind && operands.some((x) => Array.isArray(x))) test(op, () => gradcheck(f, operands));
  }
});

describe("ONNX Runtime agrees with the float64 evaluator", () => {
  for (const [op, f, operands, kind] of ROWS) test(op, () => runtimeCheck(f, operands, kind));
});
