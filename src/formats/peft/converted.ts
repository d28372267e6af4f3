import { AdapterError } from "../../errors.ts";
import type { LoraConfig } from "../../peft/lora.ts";
import { loraPart } from "../../peft/lora-parts.ts";
import type { PatternTable } from "../../peft/targets.ts";
import type { FloatTensor } from "../safetensors/tensors.ts";

/**
 * An adapter whose start was taken out of the base, as one for the base as it was: of twice the rank, with the start subtracted,
 * `[B | −B₀]·[A ; A₀]`. PEFT's `path_initial_model_for_weight_conversion`.
 * @param starts A and B as they started, by the names of the trained ones.
 */
export function withoutStart(
  trained: ReadonlyMap<string, FloatTensor>,
  starts: ReadonlyMap<string, FloatTensor>,
): Map<string, FloatTensor> {
  const convert = ([param, tensor]: readonly [string, FloatTensor]): [string, FloatTensor] => {
    const start = starts.get(param);
    if (!start) return [param, tensor];
    return [param, loraPart(param)?.part === "A" ? below(tensor, start) : beside(tensor, start)];
  };
  return new Map([...trained].map(convert));
}

/** The trained half of what {@link withoutStart} made. */
export function trainedHalf(tensors: ReadonlyMap<string, FloatTensor>): Map<string, Float32Array> {
  return new Map(
    [...tensors].map(([param, { data, shape }]) => {
      const part = loraPart(param)?.part;
      if (part === "A") return [param, data.slice(0, data.length / 2)];
      if (part !== "B") return [param, data];
      const [rank, half] = [shape[1] as number, (shape[1] as number) / 2];
      if (!Number.isInteger(half))
        throw new AdapterError(`${param} has the odd rank ${rank}`, { expected: "twice a rank" });
      return [param, data.filter((_, i) => i % rank < half)];
    }),
  );
}

/** The settings of {@link withoutStart}'s adapter: its scaling is that of the trained one. */
export function configWithoutStart(config: LoraConfig): LoraConfig {
  const { r, loraAlpha, useRslora, rankPattern = {}, alphaPattern = {} } = config;
  const twice = (table: PatternTable): PatternTable =>
    Object.fromEntries(Object.entries(table).map(([key, value]) => [key, 2 * value]));
  return {
    ...config,
    ...{ r: 2 * r, loraAlpha: useRslora ? loraAlpha * Math.SQRT2 : 2 * loraAlpha, initLoraWeights: true },
    ...{ rankPattern: twice(rankPattern), alphaPattern: twice(alphaPattern) },
  };
}

const below = (a: FloatTensor, start: FloatTensor): FloatTensor => {
  const data = new Float32Array(2 * a.data.length);
  data.set(a.data);
  data.set(start.data, a.data.length);
  return { shape: [2 * (a.shape[0] as number), a.shape[1] as number], data };
};

const beside = (b: FloatTensor, start: FloatTensor): FloatTensor => {
  const [rows, r] = b.shape as [number, number];
  const data = new Float32Array(2 * rows * r);
  for (let row = 0; row < rows; row++) {
    data.set(b.data.subarray(row * r, (row + 1) * r), 2 * row * r);
    for (let k = 0; k < r; k++) data[(2 * row + 1) * r + k] = -start.data[row * r + k]!;
  }
  return { shape: [rows, 2 * r], data };
};
