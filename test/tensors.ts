import type { Tensor } from "../src/ir/types.ts";
import { Random } from "../src/random.ts";

/** Normal random numbers in a shape, the same for the same name. */
export function randn(name: string, shape: readonly number[], std = 1): Tensor {
  const random = Random.seed(1).stream(name);
  const data = new Float64Array(shape.reduce((n, length) => n * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = std * random.normal();
  return { data, shape };
}

/** ⟨a, b⟩. */
export const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
