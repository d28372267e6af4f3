import { type DimBindings, resolveShape } from "../../ir/dims.ts";
import { ELEMENT_BYTES } from "../../ir/types.ts";
import type { EmittedModel } from "../emit.ts";
import { bufferBytes, DeviceBuffers } from "./device-buffers.ts";
import { replayRun } from "./engine-memory.ts";
import { countOf } from "./tensor-facts.ts";

/** Memory of a device, in bytes. */
export interface DeviceMemory {
  readonly weights: number;
  /** Inputs and results of nodes. */
  readonly activations: number;
}

/**
 * Predicts the buffers of a session on a WebGPU device, by going through its runs without computing. Nodes that run on the host
 * are counted, too, so that there may be less.
 * @param isWeight True for inputs that stay on the device from run to run.
 * @param runs Lengths of the named dims, for each run.
 */
export function deviceMemory(
  model: EmittedModel,
  isWeight: (name: string) => boolean,
  runs: readonly DimBindings[],
): DeviceMemory {
  const bytesOf = ({ type: { dtype, shape } }: EmittedModel["inputs"][number], lengths: DimBindings): number =>
    ELEMENT_BYTES[dtype] * countOf(resolveShape(shape, lengths));
  const weights = model.inputs.filter(({ name }) => isWeight(name));
  const perRun = model.inputs.filter(({ name }) => !isWeight(name));
  const buffers = new DeviceBuffers();
  for (const lengths of runs) {
    const inputs = perRun.map((input) => buffers.allocate(bytesOf(input, lengths)));
    replayRun(model, lengths, buffers);
    for (const size of inputs) buffers.release(size);
  }
  const sum = weights.reduce((bytes, input) => bytes + bufferBytes(bytesOf(input, new Map())), 0);
  return { weights: sum, activations: buffers.peakBytes };
}
