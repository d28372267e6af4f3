import { z } from "zod";

/** Houlsby's bottleneck adapters (arXiv:1902.00751); names are AdapterHub's. */
export const adapterKeys = {
  adapter_reduction_factor: z.number().positive().default(16).describe("Hidden width over bottleneck width"),
  adapter_non_linearity: z
    .enum(["swish", "relu", "gelu", "tanh"])
    .default("swish")
    .describe("Activation inside the bottleneck"),
};
