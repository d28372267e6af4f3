import type { Allocator } from "./lifetimes.ts";

/** Bytes of the buffers that ONNX Runtime's WebGPU provider makes and keeps; a longer one has the length that is asked for. */
const BUCKETS = [
  ...[6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23].map((exponent) => 2 ** exponent),
  ...[12_582_912, 16_777_216, 26_214_400, 33_554_432, 44_236_800, 58_982_400, 67_108_864, 134_217_728, 167_772_160],
];

/** Dispatches that are submitted together: no buffer that is released is used anew before. */
const SUBMITTED = 16;

/** Length of the buffer that holds so many bytes. */
export const bufferBytes = (bytes: number): number =>
  BUCKETS.find((size) => size >= bytes) ?? Math.ceil(bytes / 16) * 16;

/**
 * The buffers of a WebGPU device, without memory: each has the length of a bucket, and is kept for the next tensor of that
 * bucket; what is longer than all buckets is given back.
 * @see onnxruntime 1.30, `BucketCacheManager` of the WebGPU provider.
 */
export class DeviceBuffers implements Allocator<number> {
  /** Most bytes of all buffers so far. */
  peakBytes = 0;
  #bytes = 0;
  #allocated = 0;
  #released: number[] = [];
  readonly #kept = new Map<number, number>();

  allocate(bytes: number): number {
    if (++this.#allocated % SUBMITTED === 0) this.#submit();
    const size = bufferBytes(bytes);
    const kept = this.#kept.get(size) ?? 0;
    if (kept > 0) this.#kept.set(size, kept - 1);
    else this.#bytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.#bytes);
    return size;
  }

  release(size: number): void {
    this.#released.push(size);
  }

  #submit(): void {
    for (const size of this.#released.splice(0)) {
      if (BUCKETS.includes(size)) this.#kept.set(size, (this.#kept.get(size) ?? 0) + 1);
      else this.#bytes -= size;
    }
  }
}
