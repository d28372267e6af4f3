import { DeviceError, EngineError, OutOfMemoryError } from "../errors.ts";

/** WebGPU's words for a tensor that no buffer of the adapter can hold: both sizes in bytes. */
const TOO_LARGE = /size \((\d+)\) exceeds the max buffer size limit \((\d+)\)/;

/** A size of a tensor or buffer in words: `0.54 GB`. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

/**
 * Calls ONNX Runtime, whose errors come back as typed ones.
 * @param what Completes "could not …".
 */
export async function ofEngine<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw typed(what, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function typed(what: string, message: string, cause: unknown): Error {
  const [, size, limit] = TOO_LARGE.exec(message) ?? [];
  if (limit !== undefined)
    return new DeviceError(`the device cannot ${what}: a tensor takes ${gigabytes(Number(size))} in one buffer.`, {
      expected: `at most ${gigabytes(Number(limit))}, the largest buffer of this device`,
      hint: "device: cpu has no such limit; shorter or fewer rows have smaller activations.",
      cause,
    });
  if (/alloc|out of memory|bad_alloc/i.test(message))
    return new OutOfMemoryError(`ONNX Runtime ran out of memory when trying to ${what}`, {
      hint: "use a smaller per_device_train_batch_size or max_length; gradient_accumulation_steps keeps the batch size.",
      cause,
    });
  return new EngineError(`ONNX Runtime could not ${what}: ${message}`, { cause });
}
