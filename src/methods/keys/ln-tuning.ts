import type { MethodRecipe } from "./definition.ts";
import { names } from "./kinds.ts";

/** LN tuning: PEFT's `LNTuningConfig` keys. */
const lnTuningKeys = {
  ln_tuning_target_modules: names()
    .optional()
    .describe("Ends of the paths of norms, or a regular expression; unset: PEFT's default, or every norm"),
  ln_tuning_modules_to_save: names().optional().describe("Modules trained in full and saved with the norms"),
};

/** LN tuning. */
export const lnTuningRecipe = {
  title: "LN tuning",
  tag: "ln-tuning",
  hint: "the norms only; a file of a few kB, with no extra computation",
  group: "LN tuning",
  keys: lnTuningKeys,
  learningRate: 1e-3,
} as const satisfies MethodRecipe;
