/** ONNX Runtime as the page serves it, and the size of its heap. */
import { useRuntime } from "lowrank";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";

/** More threads than this make small models slower. */
const MOST_THREADS = 8;

/** Threads that ONNX Runtime gets: one on a page that is not isolated. */
export const THREADS = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;

const memories: WebAssembly.Memory[] = [];

/** Bytes of the WebAssembly heaps of this worker. They never shrink, so that this is also the most they ever had. */
export const heapBytes = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** Chooses the runtime; to be called once. */
export function startRuntime(): void {
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
      const memory = new target(descriptor);
      memories.push(memory);
      return memory;
    },
  });
  ort.env.wasm.wasmPaths = { mjs: new URL(mjs, location.href).href, wasm: new URL(wasm, location.href).href };
  ort.env.wasm.numThreads = THREADS;
  ort.env.logLevel = "error";
  useRuntime(ort);
}
