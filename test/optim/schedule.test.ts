import { expect, test } from "vitest";
import { type ScheduleOptions, type ScheduleType, schedule } from "../../src/optim/schedule.ts";
import { expectClose, fixture } from "./fixtures.ts";

interface Case extends ScheduleOptions {
  type: ScheduleType;
  rates: number[];
}
const cases: Case[] = fixture("schedules").cases;

test.each(cases)("follows transformers: $type, $warmupSteps of $totalSteps", ({ type, rates, ...options }) => {
  const computed = rates.map((_, step) => schedule(type, options)(step));
  expectClose(computed, rates, "learning rate", { relative: 1e-12 });
});

test("the first step of a warmup has learning rate 0", () => {
  const rate = schedule("linear", { learningRate: 1, warmupSteps: 2, totalSteps: 4 });
  expect([0, 1, 2, 3, 4].map(rate)).toEqual([0, 0.5, 1, 0.5, 0]);
});
