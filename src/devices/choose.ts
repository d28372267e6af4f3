import { DeviceError, type ErrorDetail } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { ELEMENT_BYTES } from "../ir/types.ts";
import type { Engine } from "../prepared/engine.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { DeviceTrial } from "../session/device-trial.ts";
import { gigabytes } from "../session/engine-errors.ts";
import { CPU, WEBGPU } from "./engine.ts";

/** A device for a run, before anything was computed on it. */
export interface DeviceChoice {
  readonly engine: Engine;
  /** The device and why it was taken, in a line; absent where the recipe names the CPU. */
  readonly reason?: string;
  /** True when the CPU takes its place if its numbers are wrong; otherwise the run is refused. */
  readonly mayFallBack: boolean;
  readonly warnings: readonly string[];
}

/** Bytes of a buffer that every adapter has: WebGPU allows no smaller limit. */
const ALWAYS = 2 ** 28;

/**
 * Takes the device that a recipe names; for `auto` a real GPU, never a software adapter, else the CPU.
 * @param graph Its parameters will be on the device, each in one buffer.
 * @throws {DeviceError} when `webgpu` is named, and there is no adapter, or a weight is larger than its buffers.
 */
export async function chooseDevice(device: ResolvedRecipe["device"], graph: Graph): Promise<DeviceChoice> {
  if (device === "cpu") return { engine: CPU, mayFallBack: false, warnings: [] };
  const mayFallBack = device === "auto";
  const weight = largestWeight(graph);
  const { tryWebGpu } = await import("#session");
  const trial = await tryWebGpu({ quickly: mayFallBack, ...(weight.bytes > ALWAYS && { bytes: weight.bytes }) });
  const { what, detail } = refusal(trial, weight, mayFallBack) ?? {};
  if (what !== undefined && !mayFallBack) throw new DeviceError(`${what}.`, { where: "device: webgpu", ...detail });
  if (what !== undefined) return onCpu(what);
  const { adapter = "an adapter without a name", isSoftware } = trial;
  const slow = `${adapter} is a software adapter: it computes on the CPU, many times slower than device: cpu`;
  return { engine: WEBGPU, reason: `webgpu: ${adapter}`, mayFallBack, warnings: isSoftware ? [slow] : [] };
}

/** The CPU in place of a device. @param why Reason why the device is not used. */
export const onCpu = (why: string): DeviceChoice => ({
  engine: CPU,
  reason: `cpu: ${why}`,
  mayFallBack: false,
  warnings: [],
});

interface LargestWeight {
  readonly name: string;
  readonly bytes: number;
}

function largestWeight({ params }: Graph): LargestWeight {
  const sizes = params.map(({ origin, dtype, shape }) => ({
    name: origin.name,
    bytes: ELEMENT_BYTES[dtype] * (shape as readonly number[]).reduce((n, length) => n * length, 1),
  }));
  return sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a), { name: "", bytes: 0 });
}

/** Reason why an adapter is not used. @param onlyReal True when a software adapter is none. */
function refusal(
  { problem, hint, adapter, isSoftware, maxBufferBytes = Number.POSITIVE_INFINITY }: DeviceTrial,
  { name, bytes }: LargestWeight,
  onlyReal: boolean,
): { readonly what: string; readonly detail?: ErrorDetail } | undefined {
  if (problem !== undefined) return { what: problem, detail: { hint: hint ?? "use device: cpu." } };
  if (onlyReal && isSoftware === undefined)
    return { what: "the WebGPU adapter does not tell whether it is a real GPU" };
  if (onlyReal && isSoftware) return { what: `${adapter ?? "the only WebGPU adapter"} is a software adapter` };
  if (bytes <= maxBufferBytes) return undefined;
  return {
    what: `the weight ${name} takes ${gigabytes(bytes)}, but the largest buffer of the device has ${gigabytes(maxBufferBytes)}`,
    detail: { hint: "use device: cpu; a quantized or smaller model has smaller weights." },
  };
}
