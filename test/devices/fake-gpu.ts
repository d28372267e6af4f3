import type { InferenceSession, Tensor } from "onnxruntime-common";
import * as ort from "onnxruntime-node";
import type { Runtime } from "../../src/session/runtime.ts";

/** A buffer of the device that is none: what was uploaded, as it was then. */
interface FakeBuffer {
  readonly data: Tensor.DataType;
  isFree: boolean;
}

/** Limits of a fake GPU. */
export interface FakeGpuOptions {
  /** Bytes of the largest buffer. */
  readonly maxBufferBytes?: number;
}

/** A runtime whose WebGPU is the CPU, with tensors that keep what was uploaded until it is uploaded anew. */
export class FakeGpu implements Runtime {
  /** Buffers in use. */
  readonly buffers = new Set<FakeBuffer>();
  /** Arrays that were uploaded, in order. */
  readonly uploads: Tensor.DataType[] = [];
  /** Inputs that runs on the device were fed from the host. */
  readonly fromHost = new Set<string>();
  readonly Tensor = ort.Tensor;
  readonly InferenceSession: Runtime["InferenceSession"];

  constructor({ maxBufferBytes = Number.POSITIVE_INFINITY }: FakeGpuOptions = {}) {
    const create = async (
      model: Uint8Array,
      options: InferenceSession.SessionOptions = {},
    ): Promise<InferenceSession> => {
      const { executionProviders: [provider] = [], preferredOutputLocation, ...rest } = options;
      const session = await ort.InferenceSession.create(model, rest);
      if (provider !== "webgpu") return session;
      const run = async (feeds: Record<string, Tensor>, fetches?: readonly string[]) => {
        for (const [name, { location }] of Object.entries(feeds)) if (location === "cpu") this.fromHost.add(name);
        const onHost = Object.entries(feeds).map(([name, tensor]) => [name, this.#read(tensor)] as const);
        const results = await session.run(Object.fromEntries(onHost), fetches ?? session.outputNames);
        if (preferredOutputLocation === "gpu-buffer") return { y: this.#upload(results.y as Tensor, maxBufferBytes) };
        return results;
      };
      return Object.assign(Object.create(session), { run, release: () => session.release() });
    };
    this.InferenceSession = { create: create as Runtime["InferenceSession"]["create"] };
  }

  #upload({ type, dims, data }: Tensor, maxBufferBytes: number): Tensor {
    const bytes = (data as Float32Array).byteLength;
    if (bytes > maxBufferBytes)
      throw new Error(`Buffer size (${bytes}) exceeds the max buffer size limit (${maxBufferBytes}).`);
    this.uploads.push(data);
    const buffer: FakeBuffer = { data: (data as Float32Array).slice(), isFree: false };
    this.buffers.add(buffer);
    const dispose = (): void => {
      buffer.isFree = true;
      this.buffers.delete(buffer);
    };
    return ort.Tensor.fromGpuBuffer(buffer as never, { dataType: type as "float32", dims, dispose });
  }

  #read(tensor: Tensor): Tensor {
    if (tensor.location === "cpu") return tensor;
    const { data, isFree } = tensor.gpuBuffer as unknown as FakeBuffer;
    if (isFree) throw new Error("a tensor was fed whose buffer is free");
    return new ort.Tensor(tensor.type, data, tensor.dims);
  }
}
