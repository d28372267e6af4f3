import { type DeviceTrial, isSoftwareAdapter } from "../device-trial.ts";
import type { Runtime } from "../runtime.ts";

/** WebGPU as a page has it, as far as this module asks for it: TypeScript's library for workers lacks it. */
interface Gpu {
  requestAdapter(options: { readonly powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly limits: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number };
}

/** Tries WebGPU in a page: asks the browser for an adapter, and opens a graph of one node on it. */
export async function tryWebGpuIn(runtime: Runtime): Promise<DeviceTrial> {
  const { gpu } = (globalThis as { readonly navigator?: { readonly gpu?: Gpu } }).navigator ?? {};
  if (!gpu) return { problem: "this browser, or a page that is not served over https, has no WebGPU" };
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter)
    return { problem: "the browser has no WebGPU adapter", hint: "look into chrome://gpu, or use device: cpu." };
  const { identityModel } = await import("../../onnx/one-node.ts"); // with protobuf, which takes a while to load
  try {
    const session = await runtime.InferenceSession.create(identityModel("float32"), {
      executionProviders: ["webgpu"],
      logSeverityLevel: 3,
    });
    await session.release();
  } catch (error) {
    const [line = ""] = (error as Error).message.split("\n");
    return {
      problem: `the build of ONNX Runtime that the page chose opens no session on WebGPU: ${line}`,
      hint: 'useRuntime takes "onnxruntime-web/webgpu", which has WebGPU besides WebAssembly.',
    };
  }
  const { info, limits } = adapter;
  const name = info.description || [info.vendor, info.architecture].filter((word) => word !== "").join(" ");
  return {
    adapter: name,
    isSoftware: info.isFallbackAdapter === true || isSoftwareAdapter(name),
    maxBufferBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
  };
}
