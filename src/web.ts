/**
 * The public API in a browser. Files lie in the origin's private file system; ONNX Runtime is the build that the page
 * chooses. What needs processes or Node's files (comparisons, the embedded data set, recipes in files) is Node's.
 */

export * from "./api.ts";
export { useEnvironment } from "./platform/web/environment.ts";
export { useRuntime } from "./session/web/index.ts";
