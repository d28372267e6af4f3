import { heapLimit } from "#platform";
import { OutOfMemoryError } from "../../errors.ts";

/** Memory of the engine's own heap, where it has one. */
export interface HeapPlan {
  /** Bytes that the run will take of it. */
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
}

/** The plan of a heap; undefined where the engine has the process's memory. */
export function heapPlan(heapBytes: number): HeapPlan | undefined {
  const heapLimitBytes = heapLimit();
  return heapLimitBytes === undefined ? undefined : { heapBytes, heapLimitBytes };
}

/** Refuses a run that its engine's heap cannot hold. @throws {OutOfMemoryError} naming both sizes. */
export function refuseBeyondHeap(plan: HeapPlan | undefined): void {
  if (!plan || plan.heapBytes <= plan.heapLimitBytes) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new OutOfMemoryError(
    `the run needs ${gigabytes(plan.heapBytes)} of WebAssembly's memory, which ends at ${gigabytes(plan.heapLimitBytes)}`,
    {
      expected: "a smaller model, or one whose weights are held in four bits (load_in_4bit)",
      hint:
        "gradient_checkpointing, a smaller per_device_train_batch_size and a smaller max_length need less, too; " +
        "in Node the machine's memory is the limit.",
    },
  );
}
