import { AdapterError, InterruptedError } from "../errors.ts";
import { isUnder } from "../peft/targets.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { scoreModel } from "./loop/scoring.ts";
import { METHOD_DEFINITIONS } from "./method/index.ts";
import { encodeSplit } from "./setup/data.ts";
import { openBase, prepare, weightsOf } from "./setup/prepare.ts";
import { recipeOfTrained } from "./setup/recipe-of-trained.ts";
import { TASK_DEFINITIONS } from "./task/index.ts";

/** Modules of a classifier that a masked language model has no place for. */
const ONLY_IN_CLASSIFIERS = ["pooler", "classifier", "heads"];

/**
 * How well an encoder still predicts hidden words once it was trained to classify: the mean cross-entropy, in nats, of 15 %
 * of the words of `texts`. The words' output layer is the base model's, which training a classifier never touches. The same
 * words are hidden each time, so two losses differ by what was trained alone.
 *
 * @param base Recipe of a model with a masked-language head.
 * @param folder Output folder of a run on that model; without one, the base itself is measured.
 * @throws {LowrankError} when model or folder are not usable.
 */
export async function maskedLoss(base: ResolvedRecipe, texts: readonly string[], folder?: string): Promise<number> {
  const trained = folder === undefined ? undefined : await recipeOfTrained(folder);
  const from = trained ?? { ...base, method: "full" as const };
  const { lora_modules_to_save: _, ...kept } = from;
  const recipe = { ...kept, model_name_or_path: base.model_name_or_path, task_type: "MASKED_LM" as const };
  const model = prepare(recipe, await openBase(recipe), undefined);
  const given = folder === undefined ? undefined : await METHOD_DEFINITIONS[recipe.method].read(folder);
  if (given) checkPlaces([...given.keys()], new Set(model.graph.params.map(({ origin }) => origin.name)), folder);
  const { weights } = await weightsOf(model, Random.seed(recipe.seed).stream("init"), given);
  const rows = texts.map((text, i) => ({ values: { [recipe.text_column]: text }, where: `text ${i + 1}` }));
  const { examples } = encodeSplit(TASK_DEFINITIONS.MASKED_LM.split(rows, recipe), model);
  const scores = await scoreModel(model, weights, examples, () => false);
  if (!scores) throw new InterruptedError("stopped before forgetting was measured.");
  return scores.metrics.eval_loss;
}

/** Whatever was trained in the encoder must be measured. */
function checkPlaces(names: readonly string[], places: ReadonlySet<string>, where?: string): void {
  const lost = names.filter((name) => !places.has(name) && !isUnder(name, ONLY_IN_CLASSIFIERS));
  if (lost.length === 0) return;
  throw new AdapterError(`a masked language model has no place for ${lost.slice(0, 3).join(", ")}`, {
    ...(where !== undefined && { where }),
  });
}
