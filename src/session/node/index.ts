import "./no-telemetry.ts";
import type { Sessions } from "../contract.ts";
import { openModelFileOn, openSessionOn } from "../ort.ts";
import { tryWebGpuApart } from "./webgpu-trial.ts";

// Not a static import: a bundler would move it before the module that turns telemetry off.
const ort = await import("onnxruntime-node");

ort.env.logLevel = "error";

/** Sessions on ONNX Runtime's CPU provider, or on a device. */
export const openSession: Sessions["openSession"] = (model, options) => openSessionOn(ort, model, options);

/** A trial of WebGPU, in a process of its own. */
export const tryWebGpu: Sessions["tryWebGpu"] = (options = {}) =>
  tryWebGpuApart(ort.listSupportedBackends().map(({ name }) => name), options); // biome-ignore format: one call

/** No warnings: it computes on all cores. */
export const engineWarnings: Sessions["engineWarnings"] = () => [];

/** Sessions of model files. */
export const openModelFile: Sessions["openModelFile"] = (path) => openModelFileOn(ort, path);
