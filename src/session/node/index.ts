import "./no-telemetry.ts"; // first: before the runtime is loaded
import * as ort from "onnxruntime-node";
import type { Sessions } from "../contract.ts";
import { openModelFileOn, openSessionOn } from "../ort.ts";

ort.env.logLevel = "error";

/** Sessions on ONNX Runtime's CPU provider. */
export const openSession: Sessions["openSession"] = (model, options) => openSessionOn(ort, model, options);

/** Sessions of model files. */
export const openModelFile: Sessions["openModelFile"] = (path) => openModelFileOn(ort, path);
