import { ENGINE } from "../onnx/target.ts";
import type { Engine } from "../prepared/engine.ts";

/** ONNX Runtime's CPU provider. */
export const CPU: Engine = {
  device: "cpu",
  target: ENGINE,
  warnings: async () => (await import("#session")).engineWarnings(),
  async emit(graph, isFixed) {
    const { emitOnnx } = await import("../onnx/emit.ts"); // with protobuf, which takes a while to load
    return emitOnnx(graph, CPU.target, isFixed);
  },
  open: async (model, weights, options = {}) => (await import("#session")).openSession(model, { weights, ...options }),
  compile: async (graph, weights, { isFixed, ...options } = {}) =>
    CPU.open(await CPU.emit(graph, isFixed), weights, options),
};
