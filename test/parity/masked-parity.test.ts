import { describe, expect, test } from "vitest";
import { stepGraph } from "../../src/assemble/graphs.ts";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { CPU } from "../../src/devices/engine.ts";
import type { Job } from "../../src/prepared/job.ts";
import { Random } from "../../src/random.ts";
import { optimizerOf } from "../../src/training/optimizer.ts";
import { learningRates } from "../../src/training/schedule.ts";
import { withStartingAdapter } from "../../src/training/start-from.ts";
import { optimizerStep } from "../../src/training/steps.ts";
import { casesIn, expectSame, type Found, jobOf, readJson } from "./six-steps.ts";

const cases = casesIn("masked");

/** Token ids with some hidden, and the hidden ones, −100 at all others. */
interface Masked {
  readonly ids: readonly number[][];
  readonly labels: readonly number[][];
}

/** Trains on rows whose tokens are hidden already; the trainer itself would hide others at each step. */
async function trainOn({ ids, labels }: Masked, job: Job): Promise<Found> {
  const base = await openBase(job.recipe);
  const start = await withStartingAdapter(job, base);
  const model = prepare(start.recipe, base, undefined);
  const random = Random.seed(0);
  const { weights } = await weightsOf(model, random, start.tensors);
  const graph = stepGraph(model.source);
  const session = await CPU.compile(graph, weights);
  const rates = learningRates(start.recipe, 6);
  const optimizer = optimizerOf(start.recipe);
  const trainable = model.graph.params.filter(({ origin }) => origin.trainable);
  const found: Found = { losses: [], norms: [], trainable: 0 };
  for (const { shape } of trainable) found.trainable += (shape as number[]).reduce((n, length) => n * length, 1);
  try {
    for (let step = 0; step < 6; step++) {
      const batch = ids.slice(8 * step, 8 * step + 8).map((row, i) => ({
        ids: Int32Array.from(row),
        labels: Int32Array.from(labels[8 * step + i]!),
        where: "",
      }));
      const context = {
        graph,
        session,
        weights,
        optimizer,
        recipe: start.recipe,
        masks: () => random,
        learningRateScale: () => 1,
      };
      const { loss, gradNorm } = await optimizerStep({ ...context, padId: base.tokenizer.padId }, [batch], rates(step));
      found.losses.push(loss);
      found.norms.push(gradNorm);
    }
  } finally {
    await session.close();
  }
  return found;
}

describe("six steps of filling in hidden tokens as PEFT takes them", () => {
  test("every family has its cases", () => expect(cases).toHaveLength(16));

  test.each(cases)("%s, %s", async (fixture, name, method) => {
    const { train } = readJson<{ train: Masked }>(`${fixture}/expected.json`);
    expectSame(await trainOn(train, jobOf(fixture, name, method, { task_type: "MASKED_LM" })), name, method);
  });
});
