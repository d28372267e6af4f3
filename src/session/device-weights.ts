import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { DType } from "../ir/types.ts";
import type { Bindings, NamedWeight } from "./bindings.ts";
import { ofEngine } from "./engine-errors.ts";
import { type Runtime, toDeviceType, toTensor } from "./runtime.ts";
import type { Elements, RuntimeTensor } from "./session.ts";

/** An array's copy on the device. */
interface Copy {
  /** The array's elements, as a tensor of one dim. */
  tensor: Tensor;
  /** False once the array has changed in place. */
  isCurrent: boolean;
  /** Sessions that are fed it. */
  users: number;
}

/**
 * Weights on a device: one copy of each array, however many sessions are fed it, which lives as long as one of them is open.
 * An array gets there through a graph of one `Identity`, whose output stays on the device; it is fed back to each run.
 */
export class DeviceWeights {
  static readonly #all = new WeakMap<Runtime, DeviceWeights>();
  readonly #runtime: Runtime;
  readonly #copies = new Map<Elements, Copy>();
  readonly #uploads = new Map<string, Promise<InferenceSession>>();
  /** The last binding: two at once would copy an array twice. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Those of a runtime, which has one device. */
  static of(runtime: Runtime): DeviceWeights {
    const known = DeviceWeights.#all.get(runtime) ?? new DeviceWeights(runtime);
    DeviceWeights.#all.set(runtime, known);
    return known;
  }

  /**
   * Copies what is not there yet.
   * @throws {DeviceError} naming a weight that is too large for the device.
   */
  bind(weights: readonly NamedWeight[]): Promise<Bindings> {
    const bound = this.#last.then(() => this.#bind(weights));
    this.#last = bound.catch(() => {});
    return bound;
  }

  async #bind(weights: readonly NamedWeight[]): Promise<Bindings> {
    const used: Elements[] = [];
    const release = (): void => {
      for (const data of used.splice(0)) this.#release(data);
    };
    try {
      for (const [name, weight] of weights) {
        await this.#current(name, weight);
        (this.#copies.get(weight.data) as Copy).users++;
        used.push(weight.data);
      }
    } catch (error) {
      release();
      throw error;
    }
    const byName = new Map(weights);
    return {
      tensors: async () => {
        const tensors: Record<string, Tensor> = {};
        for (const [name, weight] of weights) tensors[name] = await this.#current(name, weight);
        return tensors;
      },
      changed: (names) => {
        for (const name of names) {
          const copy = this.#copies.get(byName.get(name)?.data as Elements);
          if (copy) copy.isCurrent = false;
        }
      },
      release,
    };
  }

  /** A weight's copy in its shape, made anew where the array has changed. */
  async #current(name: string, weight: RuntimeTensor): Promise<Tensor> {
    const { data } = weight;
    const { dtype, shape } = toDeviceType(weight);
    let copy = this.#copies.get(data);
    if (!copy?.isCurrent) {
      const tensor = await this.#upload(name, weight);
      copy?.tensor.dispose(); // of the old values
      copy = { tensor, isCurrent: true, users: copy?.users ?? 0 };
      this.#copies.set(data, copy);
    }
    const { Tensor } = this.#runtime;
    return Tensor.fromGpuBuffer(copy.tensor.gpuBuffer, { dataType: dtype as Tensor.GpuBufferDataTypes, dims: shape });
  }

  async #upload(name: string, weight: RuntimeTensor): Promise<Tensor> {
    const { dtype, data } = toDeviceType(weight);
    const flat = toTensor(this.#runtime, { dtype, data, shape: [data.length] });
    const session = await this.#uploadSession(dtype);
    return ofEngine(`take the weight ${name}`, async () => (await session.run({ x: flat })).y as Tensor);
  }

  /** The session that uploads arrays of a dtype. It is never closed: as long as it is open, so are the device and its shaders. */
  #uploadSession(dtype: DType): Promise<InferenceSession> {
    const open = async (): Promise<InferenceSession> => {
      const { identityModel } = await import("../onnx/one-node.ts"); // with protobuf, which takes a while to load
      const options = { executionProviders: ["webgpu"], preferredOutputLocation: "gpu-buffer" } as const;
      return ofEngine("open a session on the device", () =>
        this.#runtime.InferenceSession.create(identityModel(dtype), options),
      );
    };
    const known = this.#uploads.get(dtype) ?? open();
    this.#uploads.set(dtype, known);
    return known;
  }

  #release(data: Elements): void {
    const copy = this.#copies.get(data);
    if (!copy || --copy.users > 0) return;
    copy.tensor.dispose();
    this.#copies.delete(data);
  }
}
