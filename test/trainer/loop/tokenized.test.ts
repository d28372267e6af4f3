import { expect, test, vi } from "vitest";
import { DataError } from "../../../src/errors.ts";
import { resolveRecipe } from "../../../src/recipe/resolve.ts";
import type { TokenizeEvent } from "../../../src/trainer/events.ts";
import { tokenized } from "../../../src/trainer/loop/tokenized.ts";
import { openBase, prepare } from "../../../src/trainer/setup/prepare.ts";
import type { Split } from "../../../src/trainer/task/definition.ts";
import { splitOf } from "../../../src/trainer/task/split.ts";
import { recipeOf } from "../running.ts";

const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS" }));
const model = prepare(recipe, await openBase(recipe), undefined, { 0: "a" });

/** A split of three rows that takes 0.4 seconds a row, on a clock that a test moves on. */
async function slowSplit(): Promise<Split> {
  const whole = await splitOf([], {
    pick: () => 0,
    encoder: () => ({ add: () => undefined, finish: () => undefined as never }),
  });
  const encode: Split["encode"] = async (_, onRow) => {
    for (let row = 0; row < 3; row++) {
      await vi.advanceTimersByTimeAsync(400);
      onRow?.();
    }
    throw new DataError("nothing is left");
  };
  return { ...whole, size: 3, encode };
}

test("says once a second how many rows are done, and fails as tokenizing does", async () => {
  vi.useFakeTimers();
  const events: TokenizeEvent[] = [];
  const run = async () => {
    for await (const event of tokenized(await slowSplit(), model)) events.push(event);
  };
  await expect(run()).rejects.toThrow("nothing is left");
  expect(events).toEqual([{ kind: "tokenize", rows: 2, total: 3 }]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
