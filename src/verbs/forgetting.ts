import { encodeSplit } from "../assemble/data.ts";
import { openBase, prepare, weightsOf } from "../assemble/prepare.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { AdapterError, InterruptedError } from "../errors.ts";
import { withoutModulesToSave } from "../methods/index.ts";
import { readTrained } from "../methods/open-adapter.ts";
import { isUnder } from "../peft/targets.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { maskedLm } from "../task-types/index.ts";
import { TASK_DEFINITIONS } from "../tasks/index.ts";
import { scoreModel } from "../training/scoring.ts";

/** Modules of a classifier that a masked language model has no place for. */
const ONLY_IN_CLASSIFIERS = ["pooler", "classifier", "heads"];

/** Options for measuring the masked loss. */
export interface MaskedLossOptions {
  /** Output folder of a run on the base model; without one, the base itself is measured, held as its recipe says. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

/**
 * Masked language modelling loss of an encoder that was trained to classify: the mean cross-entropy, in nats, of 15 %
 * of the words of `texts`. Of the words' output layer, what is not tied to the embeddings is the base model's. The same words
 * are hidden each time, and they lie in the same batches, so two losses differ by what was trained alone.
 *
 * @param base Recipe of a model with a masked-language head; it also says how texts are cut and batched, and its seed which
 *   words are hidden.
 * @throws {LowrankError} when model or folder are not usable.
 * @throws {InterruptedError} when `signal` aborts.
 */
export async function maskedLoss(
  base: ResolvedRecipe,
  texts: readonly string[],
  { folder, signal }: MaskedLossOptions = {},
): Promise<number> {
  const recipe = folder === undefined ? maskedRecipe(base) : maskedRecipe(base, await recipeOfTrained(folder));
  const model = prepare(recipe, await openBase({ ...recipe, method: "full" }), undefined);
  const given = folder === undefined ? undefined : await readTrained(folder, recipe);
  if (given) checkMeasured([...given.keys()], new Set(model.graph.params.map(({ origin }) => origin.name)), folder);
  const { weights } = await weightsOf(model, Random.seed(recipe.seed).stream("init"), given);
  const rows = texts.map((text, i) => ({ values: { [recipe.text_column]: text }, where: `text ${i + 1}` }));
  const { examples } = await encodeSplit(await TASK_DEFINITIONS[maskedLm.name].split(rows, recipe), model);
  const scores = await scoreModel(model, weights, examples, () => signal?.aborted === true);
  examples.close();
  if (!scores) throw new InterruptedError("stopped before forgetting was measured.");
  return scores.metrics.eval_loss;
}

/** Recipe for the masked loss of a trained model or of the base, with the settings of the base's recipe. */
function maskedRecipe(base: ResolvedRecipe, trained: ResolvedRecipe = { ...base, method: "head" }): ResolvedRecipe {
  const { model_name_or_path, model_revision, text_column, max_length, mlm_probability, per_device_train_batch_size, seed } = base; // biome-ignore format: one step
  const baseKeys = { model_name_or_path, model_revision, text_column, max_length, mlm_probability, per_device_train_batch_size, seed }; // biome-ignore format: one step
  // An adapter on the words' own layer, which a classifier has not, is fresh: as PEFT starts one, it does nothing.
  return { ...withoutModulesToSave(trained), ...baseKeys, task_type: maskedLm.name, init_lora_weights: true };
}

/** Whatever was trained in the encoder must be measured. */
function checkMeasured(names: readonly string[], measured: ReadonlySet<string>, where?: string): void {
  const lost = names.filter((name) => !measured.has(name) && !isUnder(name, ONLY_IN_CLASSIFIERS));
  if (lost.length === 0) return;
  throw new AdapterError(`a masked language model does not have ${lost.slice(0, 3).join(", ")}`, {
    ...(where !== undefined && { where }),
  });
}
