import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { OptimizedParam, Optimizer } from "../../src/optim/optimizer.ts";

/** A stored JSON fixture of test/parity/make_optim_fixtures.py. */
export const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../parity/fixtures/optim/${name}.json`, import.meta.url), "utf8"));

/** A base64 string of the fixtures as bytes. */
export const bytes = (packed: string): Uint8Array => Uint8Array.from(Buffer.from(packed, "base64"));

/** A base64 string of the fixtures as float32. */
export const floats = (packed: string): Float32Array => new Float32Array(bytes(packed).buffer as ArrayBuffer);

/** A parameter with the usual settings. */
export const param = (data: Float32Array, grad: Float32Array, more: Partial<OptimizedParam> = {}): OptimizedParam => ({
  name: "w",
  data,
  grad,
  weightDecay: 0,
  learningRateScale: 1,
  ...more,
});

/**
 * Every element within `relative` of what is expected, or of `scale` where that is larger: what float32 rounding leaves
 * of a number that was larger before.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  { relative = 1e-6, scale = [] as ArrayLike<number> } = {},
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const allowed = relative * Math.max(Math.abs(expected[i]!), scale[i] ?? 1e-30);
    const error = Math.abs(actual[i]! - expected[i]!);
    expect(error, `${what}[${i}]: ${actual[i]} for ${expected[i]}`).toBeLessThanOrEqual(allowed);
  }
}

/** Raises `peak` to the magnitudes of `values`, element by element. */
const raise = (peak: Float32Array, values: Float32Array): void =>
  values.forEach((value, i) => {
    peak[i] = Math.max(peak[i]!, Math.abs(value));
  });

/** Follows a stored run step by step, and compares the state at its end. */
export function expectTrajectory(optimizer: Optimizer, name: string): void {
  const run = fixture(name);
  const params = Object.keys(run.start).map((name) => {
    const data = floats(run.start[name]);
    const settings = { name, weightDecay: run.weightDecay[name], learningRateScale: run.learningRateScale[name] };
    return { data, settings, dataPeak: data.map(Math.abs), gradPeak: new Float32Array(data.length) };
  });
  run.steps.forEach((step: { learningRate: number; [of: string]: object | number }, i: number) => {
    const [grads, after] = [step.grads, step.after] as Record<string, string>[];
    const stepped = params.filter(({ settings }) => settings.name in grads!);
    optimizer.step(
      stepped.map(({ data, settings }) => param(data, floats(grads![settings.name]!), settings)),
      step.learningRate,
    );
    for (const { data, settings, dataPeak, gradPeak } of stepped) {
      raise(dataPeak, data);
      raise(gradPeak, floats(grads![settings.name]!));
      expectClose(data, floats(after![settings.name]!), `${settings.name} after step ${i + 1}`, { scale: dataPeak });
    }
  });
  const state = optimizer.state();
  expect([...state.keys()].sort()).toEqual(Object.keys(run.state).sort());
  for (const [name, tensor] of state) {
    const { gradPeak } = params.find(({ settings }) => name.startsWith(`${settings.name}.`))!;
    expectClose(tensor, floats(run.state[name]), name, /step|_sq$/.test(name) ? {} : { scale: gradPeak });
  }
}

/** Steps, saves, steps on; a new optimizer restored from the save must step on to the same bytes. */
export function expectResumes(make: () => Optimizer, elements: number): void {
  const grad = (step: number) => Float32Array.from({ length: elements }, (_, i) => Math.sin(i * 7 + step * 13));
  const run = (optimizer: Optimizer, data: Float32Array, from: number, to: number) => {
    for (let s = from; s < to; s++) optimizer.step([param(data, grad(s), { weightDecay: 0.1 })], 0.01);
  };
  const [first, data] = [make(), grad(99)];
  run(first, data, 0, 3);
  const saved = new Map([...first.state()].map(([name, tensor]) => [name, tensor.slice()]));
  const [second, copy] = [make(), data.slice()];
  second.restore(saved);
  expect(second.bytes()).toBe(first.bytes());
  run(first, data, 3, 6);
  run(second, copy, 3, 6);
  expect(copy).toEqual(data);
  expect(second.state()).toEqual(first.state());
}
