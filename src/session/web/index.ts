import { fileName, listFolder, parentFolder, readBytes } from "#platform";
import { EngineError } from "../../errors.ts";
import type { Sessions } from "../contract.ts";
import { openModelFileOn, openSessionOn } from "../ort.ts";
import type { Runtime } from "../runtime.ts";
import { tryWebGpuIn } from "./webgpu-trial.ts";

let runtime: Runtime | undefined;

/**
 * Chooses the build of ONNX Runtime that sessions run on: `import * as ort from "onnxruntime-web/wasm"`, which finds the
 * WebAssembly files that the page serves; or `onnxruntime-web/webgpu`, which has WebGPU, too. To be called once, in the worker in which the library is used.
 * @throws {EngineError} in the thread of a page, which ONNX Runtime would block.
 */
export function useRuntime(ort: Runtime): void {
  if ("document" in globalThis)
    throw new EngineError("ONNX Runtime would block the page, because it computes in the thread that calls it", {
      expected: "a worker of the page",
      hint: 'new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), and lowrank in worker.js.',
    });
  runtime = ort;
}

function chosen(): Runtime {
  if (runtime) return runtime;
  throw new EngineError("no build of ONNX Runtime is selected", {
    hint: 'useRuntime(ort), with ort from "onnxruntime-web/wasm"',
  });
}

/** Sessions on the chosen runtime. */
export const openSession: Sessions["openSession"] = async (model, options) => openSessionOn(chosen(), model, options);

/** A trial of WebGPU, with the build of ONNX Runtime that the page chose. */
export const tryWebGpu: Sessions["tryWebGpu"] = () => tryWebGpuIn(chosen());

/** Sessions of model files, whose bytes the engine is given: it knows nothing of the origin's private file system. */
export const openModelFile: Sessions["openModelFile"] = async (path) => {
  const [folder, name] = [parentFolder(path), fileName(path)];
  const beside = (await listFolder(folder)).filter((other) => other.startsWith(`${name}_data`));
  const read = async (other: string) => ({ path: other, data: await readBytes(`${folder}/${other}`) });
  return openModelFileOn(chosen(), path, {
    bytes: await readBytes(path),
    weights: await Promise.all(beside.map(read)),
  });
};

/** Warnings about the engine of this page: that it computes in one thread. */
export const engineWarnings: Sessions["engineWarnings"] = () =>
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated
    ? []
    : [
        "WebAssembly computes in one thread, because the page is not cross-origin isolated; it is, when the server sends Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
      ];
