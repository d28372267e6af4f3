import { describe, expect, test } from "vitest";
import type { EvalResults } from "../../src/events/events.ts";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { runJob } from "../../src/training/run.ts";
import { expectSame, type Found, jobOf, type Method, readJson } from "./six-steps.ts";

interface Problem {
  readonly rows: RowsInMemory;
  readonly methods: Readonly<Record<string, Method & EvalResults & { readonly base?: string }>>;
}

/** Trains as Python trained; the scores are those of the split `test`, or without one of `validation`. */
async function trained(name: string, method: Problem["methods"][string], rows: RowsInMemory) {
  const found: Found = { losses: [], norms: [], trainable: 0 };
  const scores: EvalResults[] = [];
  const job = jobOf(method.base ?? "bert", name, method, { task_type: "SEQ_CLS" });
  for await (const event of runJob({ ...job, rows }, () => false)) {
    if (event.kind === "start") found.trainable = event.header.trainableParameters;
    if (event.kind === "eval") scores.push(event.metrics);
    if (event.kind === "step") found.losses.push(event.loss);
    if (event.kind === "step") found.norms.push(event.gradNorm);
  }
  const last = scores.at(-1) as EvalResults;
  return { found: { ...found, evalLoss: last.eval_loss }, scores: last };
}

function expectScores(scores: EvalResults, expected: EvalResults): void {
  for (const [name, value] of Object.entries(expected)) {
    if (name.startsWith("eval_")) expect(scores[name], name).toBeCloseTo(Number(value), 4);
  }
}

const multiLabel = readJson<Problem>("problems/multi-label.json");

describe("several labels a text, as transformers computes them", () => {
  test.each(Object.entries(multiLabel.methods))("%s: losses, gradients and scores at 0.5", async (name, method) => {
    const { found, scores } = await trained(name, method, multiLabel.rows);
    expectSame(found, name, method);
    expect(scores.eval_threshold).toBe(0.5); // no validation split to choose it on
    expectScores(scores, method);
  });

  test("the threshold chosen on the validation split is the best for micro F1", async () => {
    const { train, test: validation } = multiLabel.rows;
    const method = multiLabel.methods.full as Problem["methods"][string];
    const { scores } = await trained("full", method, { train: train ?? [], validation: validation ?? [] });
    expect(scores.eval_micro_f1).toBeCloseTo(Number(method.best_micro_f1), 9);
    expect(scores.eval_micro_f1).toBeGreaterThan(Number(method.eval_micro_f1));
  });
});

const regression = readJson<Problem>("problems/regression.json");

describe("a value for each text, as transformers computes it", () => {
  test.each(Object.entries(regression.methods))("%s: losses, gradients and correlations", async (name, method) => {
    const { found, scores } = await trained(name, method, regression.rows);
    expectSame(found, name, method);
    expectScores(scores, method);
  });
});
