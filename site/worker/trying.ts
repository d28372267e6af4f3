/** Sentences that are labelled by the model before and after training. */
import { type Prediction, predict, train } from "lowrank";
import type { RunChoice, Tried } from "../protocol.ts";
import { jsonAt, PATHS, textAt } from "./files.ts";
import { recipeOf } from "./recipe.ts";

/** A learning rate that no 32-bit weight notices; 0 is refused. */
const STILL = 1e-30;

/** Labels texts with the base, whose head is untrained, and with what the run trained. */
export async function tried(texts: readonly string[]): Promise<Tried[]> {
  const choice = (await jsonAt<RunChoice>(PATHS.choice)) as RunChoice;
  if ((await textAt(`${PATHS.before}/adapter_config.json`)) === undefined) await storeBefore(choice);
  const [before, after] = [await predictions(PATHS.before, texts), await predictions(PATHS.run, texts)];
  return texts.map((_, i) => ({ before: before[i] as Prediction, after: after[i] as Prediction }));
}

/** The base as a run begins with it: after one step LoRA's update is still as good as zero, and the head as it was drawn. */
async function storeBefore(choice: RunChoice): Promise<void> {
  const recipe = await recipeOf({ ...choice, method: "lora" }, PATHS.before);
  const still = {
    learning_rate: STILL,
    head_learning_rate: STILL,
    max_steps: 1,
    eval_strategy: "no",
    save_strategy: "end",
  } as const;
  for await (const _ of train({ ...recipe, ...still }));
}

async function predictions(adapter: string, texts: readonly string[]): Promise<Prediction[]> {
  const found: Prediction[] = [];
  for await (const prediction of predict({ adapter, texts })) found.push(prediction);
  return found;
}
