import { expect, test, vi } from "vitest";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import { DataError, InterruptedError } from "../../src/errors.ts";
import type { TokenizeEvent } from "../../src/events/events.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import type { Split } from "../../src/tasks/definition.ts";
import { splitOf } from "../../src/tasks/split.ts";
import { tokenized } from "../../src/training/tokenized.ts";
import { recipeOf } from "../running.ts";

const recipe = resolveRecipe(recipeOf({ task_type: "SEQ_CLS" }));
const model = prepare(recipe, await openBase(recipe), undefined, { 0: "a" });

/** A split of three rows that takes 0.4 seconds a row, on a clock that a test moves on. */
async function slowSplit(): Promise<Split> {
  const whole = await splitOf([], {
    pick: (row) => row,
    text: ({ where }) => where,
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
    for await (const event of tokenized(await slowSplit(), model, () => false)) events.push(event);
  };
  await expect(run()).rejects.toThrow("nothing is left");
  expect(events).toEqual([{ kind: "tokenize", rows: 2, total: 3 }]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("stops at the next row once it is asked to", async () => {
  vi.useFakeTimers();
  let asked = 0;
  const run = tokenized(await slowSplit(), model, () => ++asked === 2);
  const error = await run.next().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(InterruptedError);
  expect((error as Error).message).toBe("stopped after tokenizing 2 of 3 rows.");
  vi.useRealTimers();
});
