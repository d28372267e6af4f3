import { PROGRAM } from "../../program.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { createProgress } from "../shared/progress.ts";
import { addRecipe, recipeFor } from "../shared/recipe.ts";
import { sayingTo, showPlan } from "./plan.ts";

/** `lowrank train [RECIPE] [--key value]…` */
export const train: CliCommand = {
  examples: [
    `${PROGRAM} train recipe.yaml`,
    `${PROGRAM} train recipe.yaml --method qlora --learning_rate 1e-3 --output_dir out/qlora`,
    `${PROGRAM} train recipe.yaml --resume_from_checkpoint true`,
  ],
  define(command) {
    addRecipe(command.option("--dry-run", "plan only, as the plan command does"));
  },
  async run(context) {
    const { options, output, interruptible } = context;
    const { plan, toLogRecord, train } = await import("../library/index.ts");
    const { recipe } = await recipeFor(context);
    await fetchFirst(modelsOf(recipe), output);
    if (options.dryRun) return showPlan(await plan(recipe, { onProgress: sayingTo(output) }), output);
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
