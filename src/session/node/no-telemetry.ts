/** Imported before onnxruntime-node, so that its telemetry is off when it is loaded. */
import { disableTelemetry } from "#platform";

disableTelemetry();
