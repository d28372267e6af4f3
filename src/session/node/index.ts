import "./no-telemetry.ts";
import type { Sessions } from "../contract.ts";
import { openModelFileOn, openSessionOn } from "../ort.ts";

// Not a static import: a bundler would move it before the module that turns telemetry off.
const ort = await import("onnxruntime-node");

ort.env.logLevel = "error";

/** Sessions on ONNX Runtime's CPU provider. */
export const openSession: Sessions["openSession"] = (model, options) => openSessionOn(ort, model, options);

/** No warnings: it computes on all cores. */
export const engineWarnings: Sessions["engineWarnings"] = () => [];

/** Sessions of model files. */
export const openModelFile: Sessions["openModelFile"] = (path) => openModelFileOn(ort, path);
