import { z } from "zod";
import type { MethodRecipe } from "./definition.ts";
import { names, text } from "./kinds.ts";

/** IA³: PEFT's `IA3Config` keys. */
const ia3Keys = {
  ia3_target_modules: names()
    .optional()
    .describe("Ends of module paths, a regular expression, or all-linear; unset: key, value and feed-forward output"),
  ia3_feedforward_modules: z
    .union([text(), z.array(text())])
    .optional()
    .describe("Targets whose input is scaled instead of their output; unset: the feed-forward output"),
  ia3_modules_to_save: names().optional().describe("Modules trained in full and saved with the vectors"),
};

/** IA³. */
export const ia3Recipe = {
  title: "(IA)³",
  tag: "ia3",
  hint: "scaling vectors for keys, values and feed-forward; a file of a few kB",
  group: "IA³",
  keys: ia3Keys,
  learningRate: 3e-3,
} as const satisfies MethodRecipe;
