import type { Tensor } from "onnxruntime-common";
import { type Runtime, toTensor } from "./runtime.ts";
import type { RuntimeTensor } from "./session.ts";

/** A weight under the name of the input that it is fed to. */
export type NamedWeight = readonly [name: string, weight: RuntimeTensor];

/** The weights of a session as it is fed them. */
export interface Bindings {
  /** Tensors by input, with the values that the arrays have now. */
  tensors(): Promise<Readonly<Record<string, Tensor>>>;
  /** Takes note that arrays have changed in place. */
  changed(names: Iterable<string>): void;
  /** Gives up what the session held. */
  release(): void;
}

/** Weights where they lie: ONNX Runtime reads the arrays themselves, so no change is missed. */
export function bindOnHost(runtime: Runtime, weights: readonly NamedWeight[]): Bindings {
  const bound = Object.fromEntries(weights.map(([name, weight]) => [name, toTensor(runtime, weight)]));
  return { tensors: async () => bound, changed: () => {}, release: () => {} };
}
