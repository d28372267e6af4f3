import { EngineError } from "../../errors.ts";
import type { Sessions } from "../contract.ts";
import { openModelFileOn, openSessionOn, type Runtime } from "../ort.ts";

let runtime: Runtime | undefined;

/**
 * Chooses the build of ONNX Runtime that sessions run on: `import * as ort from "onnxruntime-web"`, which a page loads with
 * the WebAssembly files that it serves. To be called in the thread that trains, before the first session.
 */
export function useRuntime(ort: Runtime): void {
  runtime = ort;
}

function chosen(): Runtime {
  if (runtime) return runtime;
  throw new EngineError("no build of ONNX Runtime is selected", {
    hint: 'useRuntime(ort), with ort from "onnxruntime-web"',
  });
}

/** Sessions on the chosen runtime. */
export const openSession: Sessions["openSession"] = async (model, options) => openSessionOn(chosen(), model, options);

/** Sessions of model files. */
export const openModelFile: Sessions["openModelFile"] = async (path) => openModelFileOn(chosen(), path);
