/** The process that tries WebGPU: opens a graph of one node on it, and asks for a buffer of as many bytes as its argument says. */

import "./no-telemetry.ts";
import { machine, printJsonLine } from "#platform";
import { oneNodeModel } from "../../onnx/one-node.ts";
import type { TrialLine } from "./webgpu-trial.ts";

const { env, InferenceSession, Tensor } = await import("onnxruntime-node");

/** Times that a buffer is asked for: of the first failure WebGPU may tell only that it followed from another one. */
const ATTEMPTS = 3;

const print = (line: TrialLine): void => printJsonLine(line, Number.POSITIVE_INFINITY);

// What the parent looks for: the graphics cards, of a system without Vulkan, and the limit that a buffer exceeds.
env.logLevel = machine().system.startsWith("win32") ? "info" : "error";
try {
  const float = (length: number | string) => ({ dtype: "float32", shape: [length] }) as const;
  const inputs = [
    { name: "x", type: float(1) },
    { name: "shape", type: { dtype: "int64", shape: [1] } as const },
  ];
  const session = await InferenceSession.create(oneNodeModel("Expand", inputs, { name: "y", type: float("n") }), {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 3,
  });
  print({ opened: true });
  const length = BigInt(Math.ceil(Number(process.argv[2]) / Float32Array.BYTES_PER_ELEMENT));
  const x = new Tensor("float32", Float32Array.of(1), [1]);
  const shape = new Tensor("int64", BigInt64Array.of(length), [1]);
  for (let i = 0; i < ATTEMPTS && length > 0n; i++) {
    await session.run({ x, shape }).catch((error: unknown) => print({ refused: String(error) }));
  }
} catch (error) {
  const [line = ""] = (error as Error).message.split("\n");
  print({ problem: line.replace(/^.* was false\. /, "") }); // without the engine's own source line
}
