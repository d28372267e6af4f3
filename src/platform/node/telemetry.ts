/**
 * Turns off ONNX Runtime's own telemetry, which sends usage events to Microsoft and keeps a device id below the home folder. It
 * has to be called before the runtime is loaded, in the main thread: the environment of a worker thread is a copy that native
 * code does not see. A value that the user set stays.
 * @see microsoft/onnxruntime, core/platform/posix/telemetry.cc
 */
export function disableTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
