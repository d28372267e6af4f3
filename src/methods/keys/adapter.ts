import { z } from "zod";
import type { MethodRecipe } from "./definition.ts";

/** Houlsby's bottleneck adapters (arXiv:1902.00751); names are AdapterHub's. */
const adapterKeys = {
  adapter_reduction_factor: z.number().positive().default(16).describe("Hidden size divided by bottleneck size"),
  adapter_non_linearity: z
    .enum(["swish", "relu", "gelu", "tanh"])
    .default("swish")
    .describe("Activation inside the bottleneck"),
};

/** Houlsby's adapters. */
export const adapterRecipe = {
  title: "Houlsby adapters",
  tag: "houlsby",
  hint: "Houlsby adapters: a bottleneck after each half of a layer",
  group: "Houlsby adapters",
  keys: adapterKeys,
  learningRate: 1e-3,
} as const satisfies MethodRecipe;
