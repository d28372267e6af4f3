import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { DType } from "../../../src/ir/types.ts";
import { LoweringContext } from "../../../src/onnx/lowering-context.ts";
import { inferFacts } from "../../../src/onnx/memory/infer-facts.ts";
import { SHAPE_RULES } from "../../../src/onnx/memory/shape-rules.ts";
import { PSEUDO_OPERATORS } from "../../../src/onnx/pseudo-operators.ts";

test("every ONNX op that an op is lowered to has a rule", () => {
  const files = readdirSync("src/ops", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const paths = [...files.map((file) => `src/ops/${file}`), "src/onnx/pseudo-operators.ts"];
  const sources = paths.map((path) => readFileSync(path, "utf8"));
  const named = sources.flatMap((source) =>
    [...source.matchAll(/"([A-Z][A-Za-z0-9]+)",\s*\[/g)].map(([, name]) => name!),
  );
  const lowered = new Set(named.filter((name) => name !== "UNUSED" && !(name in PSEUDO_OPERATORS)));
  expect(lowered.size).toBeGreaterThan(50);
  expect([...lowered].filter((name) => !SHAPE_RULES[name])).toEqual([]);
});

/** Shape and known elements of what `build` emits on `x [batch, seq, 6]`, for a batch of 2 × 5. */
function inferred(build: (to: LoweringContext, x: string) => string, dtype: DType = "float32") {
  const to = new LoweringContext(new Map([["batch", { input: "x", axis: 0 }], ["seq", { input: "x", axis: 1 }]])); // biome-ignore format: pairs
  const name = build(to, "x");
  const inputs = [{ name: "x", type: { dtype, shape: ["batch", "seq", 6] } }];
  const lengths = new Map([["batch", 2], ["seq", 5]]); // biome-ignore format: pairs
  const { shape, size, values } = inferFacts({ inputs, ...to }, lengths).get(name)!;
  return { shape, size, ...(values && { values }) };
}

test("shapes that are computed are followed", () => {
  const four = { size: 4 };
  expect(inferred((to, x) => to.node("Reshape", [x, to.shape(["batch", "seq", 2, 3])]))).toEqual({ ...four, shape: [2, 5, 2, 3] }); // biome-ignore format: a row
  expect(inferred((to, x) => to.node("Reshape", [x, to.ints([0, -1])]))).toEqual({ ...four, shape: [2, 30] });
  expect(inferred((to) => to.shape(["batch*seq", 6]))).toEqual({ shape: [2], size: 8, values: [-1, 6] });
  expect(inferred((to) => to.shape(["batch*seq", "seq"]))).toEqual({ shape: [2], size: 8, values: [10, 5] });
  const end = (to: LoweringContext, x: string) => to.node("Div", [to.node("Gather", [to.node("Shape", [x]), to.ints([1])]), to.ints([2])]); // biome-ignore format: a row
  expect(inferred((to, x) => to.node("Slice", [x, to.ints([0]), end(to, x), to.ints([1])]))).toEqual({ ...four, shape: [2, 2, 6] }); // biome-ignore format: a row
  expect(inferred((to, x) => to.node("Pad", [x, to.ints([1, 3]), to.scalar(0), to.ints([1])]))).toEqual({ ...four, shape: [2, 9, 6] }); // biome-ignore format: a row
});

test("zero times an element that is not known is zero", () => {
  const late = (to: LoweringContext, x: string): string => {
    const first = to.node("Slice", [to.node("Reshape", [x, to.ints([-1])]), to.ints([0]), to.ints([1])]);
    return to.node("Mul", [to.node("Cast", [to.node("IsNaN", [first])], { attrs: { to: 7 } }), to.ints([0])]);
  };
  const hidden = (to: LoweringContext, x: string) => to.node("Add", [to.ints([3]), late(to, x)]);
  expect(inferred(hidden)).toEqual({ shape: [1], size: 8, values: [3] });
});

test("products, sums and pieces", () => {
  const of = (build: (to: LoweringContext, x: string) => string) => inferred(build).shape;
  const weight = (to: LoweringContext): string => to.constant("float32", [4, 6], new Array(24).fill(0));
  expect(of((to, x) => to.node("MatMul", [x, to.node("Transpose", [weight(to)], { attrs: { perm: [1, 0] } })]))).toEqual([2, 5, 4]); // biome-ignore format: a row
  expect(of((to, x) => to.node("FusedMatMul", [x, x], { attrs: { transA: 1 }, domain: "com.microsoft" }))).toEqual([2, 6, 6]); // biome-ignore format: a row
  expect(of((to, x) => to.node("ReduceSum", [x, to.ints([-1])], { attrs: { keepdims: 0 } }))).toEqual([2, 5]);
  expect(of((to, x) => to.node("ReduceMax", [x, to.ints([1])]))).toEqual([2, 1, 6]);
  expect(of((to, x) => to.node("ArgMax", [x], { attrs: { axis: 1 } }))).toEqual([2, 1, 6]);
  expect(of((to, x) => to.node("Concat", [x, x], { attrs: { axis: -2 } }))).toEqual([2, 10, 6]);
  expect(of((to, x) => to.node("Gather", [x, to.constant("int64", [], [0])], { attrs: { axis: 1 } }))).toEqual([2, 6]);
  expect(of((to, x) => to.node("Unsqueeze", [x, to.ints([0, -1])]))).toEqual([1, 2, 5, 6, 1]);
  expect(of((to, x) => to.node("Squeeze", [to.node("Unsqueeze", [x, to.ints([0])]), to.ints([0])]))).toEqual([2, 5, 6]);
  expect(inferred((to, x) => to.node("Equal", [x, to.scalar(0)]))).toEqual({ shape: [2, 5, 6], size: 1 });
});
