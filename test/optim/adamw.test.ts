import { describe, expect, test } from "vitest";
import { adamW } from "../../src/optim/adamw.ts";
import { expectResumes, expectTrajectory, param } from "./fixtures.ts";

describe("adamW", () => {
  test("follows torch.optim.AdamW, with a parameter that joins late", () => expectTrajectory(adamW(), "adamw"));

  test("resumes to the same bytes", () => expectResumes(() => adamW({ beta1: 0.8 }), 50));

  test("starts state at a parameter's first step", () => {
    const optimizer = adamW();
    expect(optimizer.bytes()).toBe(0);
    const [w, late] = ["w", "late"].map((name) => param(new Float32Array(3), new Float32Array(3), { name }));
    optimizer.step([w!], 0.1);
    optimizer.step([w!, late!], 0.1);
    expect(optimizer.bytes()).toBe(2 * (4 + 12 + 12));
    expect([optimizer.state().get("w.step"), optimizer.state().get("late.step")]).toEqual([
      new Float32Array([2]),
      new Float32Array([1]),
    ]);
  });

  test("keeps restored state of parameters that are not stepped", () => {
    const optimizer = adamW();
    const state = new Map([["block.0.w.exp_avg", new Float32Array(2)]]);
    optimizer.restore(state);
    expect(optimizer.state()).toEqual(state);
  });

  test("restoring forgets what was there", () => {
    const optimizer = adamW();
    optimizer.step([param(new Float32Array(3), new Float32Array(3))], 1);
    optimizer.restore(new Map());
    expect(optimizer.bytes()).toBe(0);
  });

  test("names the parameter whose gradient has another length", () =>
    expect(() => adamW().step([param(new Float32Array(4), new Float32Array(3))], 1)).toThrow(
      "optimizer: w has 4 elements but its gradient has 3",
    ));

  test("refuses the state of another shape or optimizer", () => {
    const optimizer = adamW();
    optimizer.restore(new Map([["w.momentum_buffer", new Float32Array(2)]]));
    expect(() => optimizer.step([param(new Float32Array(3), new Float32Array(3))], 1)).toThrow(
      [
        "The saved optimizer state does not fit the parameter w: it has momentum_buffer float32[2].",
        "  at: w",
        "  expected: exp_avg float32[3], exp_avg_sq float32[3], step float32[1]",
        "  hint: resume with the optimizer, precision and adapter shape that the checkpoint was written with.",
      ].join("\n"),
    );
  });
});
