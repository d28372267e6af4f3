import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { countSteps, epochPlan } from "../../src/training/schedule.ts";
import { recipeOf } from "../running.ts";

const anyLengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 });
const anyKeys = fc.record({
  num_train_epochs: fc.constantFrom(0.5, 1, 2, 2.1, 3),
  gradient_accumulation_steps: fc.integer({ min: 1, max: 3 }),
  shuffle_dataset: fc.boolean(),
  group_by_length: fc.boolean(),
});

test("with a budget of tokens, steps lie where the plans of their epochs say", () =>
  fc.assert(
    fc.property(anyLengths, anyKeys, fc.integer({ min: 1, max: 200 }), (lengths, keys, max_batch_tokens) => {
      const recipe = resolveRecipe(recipeOf({ ...keys, max_steps: undefined, max_batch_tokens }));
      const steps = countSteps(recipe, lengths);
      const epochs = [0, 1, 2, 3].map((epoch) => epochPlan(recipe, lengths, epoch).steps);
      const places = epochs.flatMap((steps, epoch) =>
        Array.from({ length: steps }, (_, place) => ({ epoch, place, steps })),
      );
      for (let done = 0; done <= steps.total; done++) {
        expect(steps.at(done)).toEqual(places[done]);
        expect(steps.epochs(done)).toBe(places[done]!.epoch + places[done]!.place / places[done]!.steps);
      }
      expect(steps.epochs(steps.total)).toBeGreaterThanOrEqual(keys.num_train_epochs - 1e-9);
      if (steps.total > 1) expect(steps.epochs(steps.total - 1)).toBeLessThan(keys.num_train_epochs);
    }),
    { numRuns: 60 },
  ));

test("without one, every epoch has as many", () => {
  const steps = countSteps(
    resolveRecipe(recipeOf({ max_steps: undefined, num_train_epochs: 2.1 })),
    new Array(80).fill(9),
  );
  expect([steps.total, steps.epochs(5)]).toEqual([21, 0.5]);
  expect(steps.at(25)).toEqual({ epoch: 2, place: 5, steps: 10 });
});
