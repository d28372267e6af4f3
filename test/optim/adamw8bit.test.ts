import { describe, expect, test } from "vitest";
import { adamW } from "../../src/optim/adamw.ts";
import { adamW8bit } from "../../src/optim/adamw8bit.ts";
import type { StateTensor } from "../../src/optim/optimizer.ts";
import { dequantizeBlockwise8, quantizeBlockwise8 } from "../../src/quant/blockwise8.ts";
import { bytes, expectClose, expectResumes, fixture, floats, param } from "./fixtures.ts";

const run = fixture("adamw_8bit");

const codec = { quantize: quantizeBlockwise8, dequantize: dequantizeBlockwise8 };

/** Uniform in [-0.5, 0.5), as the fixture's script draws them. */
function lcg(count: number, seed: number): Float64Array {
  let x = seed;
  return new Float64Array(count).map(() => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x / 2 ** 32 - 0.5;
  });
}

describe("adamW8bit", () => {
  test("follows bitsandbytes.optim.AdamW8bit over whole and short blocks", () => {
    const optimizer = adamW8bit(codec);
    optimizer.restore(
      new Map<string, StateTensor>([
        ["w.step", new Float32Array([4])],
        ["w.exp_avg", bytes(run.before.exp_avg)],
        ["w.exp_avg_absmax", floats(run.before.exp_avg_absmax)],
        ["w.exp_avg_sq", bytes(run.before.exp_avg_sq)],
        ["w.exp_avg_sq_absmax", floats(run.before.exp_avg_sq_absmax)],
      ]),
    );
    const start = Float32Array.from(lcg(run.elements, 1));
    const data = start.slice();
    const grad = Float32Array.from(lcg(run.elements, 104), (g, i) => g * 10 ** -((i >> 8) % 4));
    optimizer.step([param(data, grad, { weightDecay: run.weightDecay })], run.learningRate);
    expectClose(data, floats(run.final), "w", { scale: start.map(Math.abs) });
    const state = optimizer.state();
    for (const moment of ["exp_avg", "exp_avg_sq"]) {
      expectClose(state.get(`w.${moment}_absmax`)!, floats(run.after[`${moment}_absmax`]), `${moment}_absmax`);
      expect(state.get(`w.${moment}`), moment).toEqual(bytes(run.after[moment]));
    }
  });

  test("keeps parameters under 4096 elements in float32", () => {
    const [eight, full] = [adamW8bit(codec), adamW()];
    const grad = Float32Array.from(lcg(4095, 2));
    const [a, b] = [new Float32Array(4095), new Float32Array(4095)];
    for (const learningRate of [0.1, 0.01]) {
      eight.step([param(a, grad)], learningRate);
      full.step([param(b, grad)], learningRate);
    }
    expect(a).toEqual(b);
    expect(eight.state()).toEqual(full.state());
  });

  test("takes a little over two bytes an element", () => {
    const optimizer = adamW8bit(codec);
    optimizer.step([param(new Float32Array(8192), new Float32Array(8192))], 1);
    expect(optimizer.bytes()).toBe(2 * (8192 + 4 * 32) + 4);
  });

  test("resumes to the same bytes", () => expectResumes(() => adamW8bit(codec), 5000));
});
