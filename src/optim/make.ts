import { type AdamWOptions, adamW } from "./adamw.ts";
import { adamW8bit, type MomentCodec } from "./adamw8bit.ts";
import { lion } from "./lion.ts";
import type { Optimizer } from "./optimizer.ts";
import { type SgdOptions, sgd } from "./sgd.ts";

/** Values of a recipe's `optim`. */
export type OptimizerName = "adamw" | "adamw_8bit" | "sgd" | "lion";

/** Options of all optimizers; each takes what concerns it, with its own defaults. */
export interface OptimizerOptions extends AdamWOptions, SgdOptions {
  /** Codec of 8-bit state. */
  readonly codec: MomentCodec;
}

const MAKERS: Readonly<Record<OptimizerName, (options: OptimizerOptions) => Optimizer>> = {
  adamw: adamW,
  adamw_8bit: ({ codec, ...options }) => adamW8bit(codec, options),
  sgd,
  lion,
};

/** The optimizer of that name, without state yet. */
export const makeOptimizer = (name: OptimizerName, options: OptimizerOptions): Optimizer => MAKERS[name](options);
