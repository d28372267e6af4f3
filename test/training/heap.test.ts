import { expect, test } from "vitest";
import { OutOfMemoryError } from "../../src/errors.ts";
import { heapPlan, refuseBeyondHeap } from "../../src/training/memory/heap.ts";

test("a run that an engine's heap cannot hold is refused, with both sizes and what needs less", () => {
  expect(() => refuseBeyondHeap({ heapBytes: 5.14e9, heapLimitBytes: 4 * 2 ** 30 })).toThrow(
    new OutOfMemoryError("the run needs 5.1 GB of WebAssembly's memory, which ends at 4.3 GB", {
      expected: "a smaller model, or one whose weights are held in four bits (load_in_4bit)",
      hint:
        "gradient_checkpointing, a smaller per_device_train_batch_size and a smaller max_length need less, too; " +
        "in Node the machine's memory is the limit.",
    }),
  );
  expect(() => refuseBeyondHeap({ heapBytes: 4 * 2 ** 30, heapLimitBytes: 4 * 2 ** 30 })).not.toThrow();
});

test("Node's engine has no heap of its own", () => {
  expect(heapPlan(1e12)).toBeUndefined();
  expect(() => refuseBeyondHeap(heapPlan(1e12))).not.toThrow();
});
