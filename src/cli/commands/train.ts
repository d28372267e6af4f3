import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { createProgress } from "../shared/progress.ts";
import { showPlan } from "./plan.ts";

/** `lowrank train RECIPE [--key value]…` */
export const train: CliCommand = {
  examples: [
    "lowrank train recipe.yaml",
    "lowrank train recipe.yaml --method qlora --learning_rate 1e-3 --output_dir out/qlora",
    "lowrank train recipe.yaml --resume_from_checkpoint true",
  ],
  define(command) {
    command.argument("<recipe>", "path of a recipe").option("--dry-run", "plan only, as `lowrank plan` does");
    addRecipeFlags(command);
  },
  async run({ args, options, overrides, output, interruptible }) {
    const { plan, readRecipe, toLogRecord, train } = await import("../library/index.ts");
    const recipe = await readRecipe(args[0]!, overrides);
    await fetchFirst(modelsOf(recipe), output);
    if (options.dryRun) return showPlan(await plan(recipe), output);
    const progress = createProgress(output);
    try {
      for await (const event of train(recipe, { signal: interruptible() })) {
        output.record(toLogRecord(event));
        await progress.show(event);
      }
    } finally {
      progress.close();
    }
  },
};
