import { weightsOf } from "../assemble/prepare.ts";
import { quantizationOf } from "../assemble/quantization.ts";
import { METHOD_DEFINITIONS } from "../methods/index.ts";
import { saveModulesOf } from "../prepared/embedding-modules.ts";
import type { Trained } from "../prepared/job.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";

/**
 * Writes what a method trained, in the form that Hugging Face's libraries load, and `config.json` with the labels.
 * @param weights All parameters: a model without an adapter is written whole.
 */
export async function saveModel(folder: string, model: Prepared, weights: Weights, trained: Trained): Promise<void> {
  const { recipe } = model.source;
  const id2label = Object.fromEntries(model.labels.names.map((name, id) => [id, name]));
  const whole = (names?: ReadonlySet<string>): Promise<Weights> => unpacked(model, weights, trained, names);
  await METHOD_DEFINITIONS[recipe.method].save(folder, { model, trained, whole, id2label });
  await saveModulesOf(folder, model);
}

/** All parameters as they were before any was packed. */
async function unpacked(
  model: Prepared,
  weights: Weights,
  trained: Trained,
  names?: ReadonlySet<string>,
): Promise<Weights> {
  const { recipe } = model.source;
  if (!quantizationOf(recipe) && recipe.dtype === "float32") return weights;
  const given = new Map([...trained].map(([name, { data }]) => [name, data]));
  const random = Random.seed(recipe.seed).stream("init");
  const params = model.base.params.filter(({ origin }) => !names || names.has(origin.name));
  return (await weightsOf(model, random, given, undefined, params)).weights;
}
