import { PROGRAM } from "../../program.ts";
import type { Plan } from "../library/index.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { bytes, count, counted, duration, percent, splitSizes } from "../shared/format.ts";
import type { Output } from "../shared/output.ts";
import { addRecipe, recipeFor } from "../shared/recipe.ts";
import { factTable } from "../shared/table.ts";

/** `lowrank plan [RECIPE] [--key value]…` */
export const plan: CliCommand = {
  examples: [
    `${PROGRAM} plan recipe.yaml`,
    `${PROGRAM} plan recipe.yaml --method full --per_device_train_batch_size 64`,
  ],
  define: addRecipe,
  async run(context) {
    const { output } = context;
    const { plan } = await import("../library/index.ts");
    const { recipe } = await recipeFor(context);
    await fetchFirst(modelsOf(recipe), output);
    await showPlan(await plan(recipe, { onProgress: sayingTo(output) }), output);
  },
};

/** Says on stderr what a plan is doing: measuring alone takes minutes with a large model. */
export const sayingTo =
  (output: Output) =>
  (doing: string): void =>
    output.note(output.styleNote("dim", `${doing} …`));

/** Prints what a run would take. */
export async function showPlan(plan: Plan, output: Output): Promise<void> {
  const { snakeCaseKeys } = await import("../library/index.ts");
  output.record({ event: "plan", ...snakeCaseKeys(plan) });
  const memory = Object.entries(snakeCaseKeys(plan.memoryBytes)) as [string, number][];
  const time = plan.trainSeconds;
  output.result(
    `${output.style("bold", `${plan.method} on ${plan.model}`)} ${output.style("dim", `(${plan.device})`)}`,
  );
  output.result(
    factTable({
      trainable: `${count(plan.trainableParameters)} of ${count(plan.totalParameters)} parameters (${percent(plan.trainablePercent)})`,
      ...(plan.heldBack && { split: splitSizes(plan.heldBack) }),
      data: `${counted(plan.examples, "example")}, ${counted(plan.numTokens, "token")}, ${counted(plan.steps, "step")}`,
      time: time === undefined ? "not measured; this machine has too little memory" : `about ${duration(time)}`,
      disk: bytes(plan.savedBytes),
      memory: bytes(plan.peakRssBytes),
      ...Object.fromEntries(memory.map(([what, size]) => [`  ${what.replaceAll("_", " ")}`, bytes(size)])),
      ...(plan.deviceReason !== undefined && { device: plan.deviceReason }),
      ...(plan.deviceMemoryBytes && {
        "device memory": `${bytes(plan.deviceMemoryBytes.weights)} of weights, up to ${bytes(plan.deviceMemoryBytes.activations)} of activations`,
      }),
    }),
  );
}
