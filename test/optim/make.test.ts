import { expect, test } from "vitest";
import { makeOptimizer, type OptimizerName } from "../../src/optim/make.ts";
import { param } from "./fixtures.ts";

const codec = { quantize() {}, dequantize() {} };

test.each<[OptimizerName, number, string[]]>([
  ["adamw", -1, ["w.step", "w.exp_avg", "w.exp_avg_sq"]],
  ["adamw_8bit", -1, ["w.step", "w.exp_avg", "w.exp_avg_sq"]],
  ["sgd", -0.5, []],
  ["lion", -1, ["w.exp_avg"]],
])("%s", (name, update, slots) => {
  const optimizer = makeOptimizer(name, { codec });
  const data = new Float32Array(1);
  optimizer.step([param(data, new Float32Array([0.5]))], 1);
  expect(data[0]).toBeCloseTo(update, 6);
  expect([...optimizer.state().keys()]).toEqual(slots);
});

test.each<OptimizerName>(["adamw", "adamw_8bit", "sgd", "lion"])(
  "%s says beforehand what its state will take",
  (name) => {
    for (const elements of [1, 4095, 4096, 10_001]) {
      const optimizer = makeOptimizer(name, { codec });
      optimizer.step([param(new Float32Array(elements), new Float32Array(elements))], 1);
      expect(optimizer.bytesFor(elements)).toBe(optimizer.bytes());
    }
  },
);

test("options reach the optimizer", () => {
  const data = new Float32Array(1);
  const options = { beta1: 0.5, epsilon: 1, momentum: 0.9, codec };
  const optimizer = makeOptimizer("adamw", options);
  optimizer.step([param(data, new Float32Array([1]))], 1);
  expect(data[0]).toBeCloseTo(-0.5, 6);
  expect(optimizer.state().get("w.exp_avg")![0]).toBe(0.5);
});
