import { ENGINE, type Target, WEBGPU as WEBGPU_TARGET } from "../onnx/target.ts";
import type { Engine } from "../prepared/engine.ts";
import type { DeviceName } from "../session/session.ts";

/** ONNX Runtime's CPU provider. */
export const CPU: Engine = engineOn("cpu", ENGINE);

/** ONNX Runtime's WebGPU provider. No parameter is fixed: a copy of it would lie beside the one that all sessions share. */
export const WEBGPU: Engine = engineOn("webgpu", WEBGPU_TARGET);

function engineOn(device: DeviceName, target: Target): Engine {
  const engine: Engine = {
    device,
    target,
    warnings: async () => (await import("#session")).engineWarnings(),
    async emit(graph, isFixed) {
      const { emitOnnx } = await import("../onnx/emit.ts"); // with protobuf, which takes a while to load
      return emitOnnx(graph, target, device === "cpu" ? isFixed : undefined);
    },
    open: async (model, weights, options = {}) =>
      (await import("#session")).openSession(model, { weights, device, ...options }),
    compile: async (graph, weights, { isFixed, ...options } = {}) =>
      engine.open(await engine.emit(graph, isFixed), weights, options),
  };
  return engine;
}
