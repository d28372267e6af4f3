import { DataError, RecipeError } from "../errors.ts";
import { type Label, type Labelled, labelReader } from "../examples/labels.ts";
import { nearest } from "../nearest.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { Split } from "../tasks/definition.ts";
import { labelsIn } from "./data.ts";

/**
 * The model with the recipe's `class_weights` as a list, one for each class in the order of the head's outputs. A class that a mapping
 * leaves out has weight 1.
 * @throws {RecipeError} for a label that does not occur in the training data, a list of another length, or weights that leave nothing to train.
 */
export function withClassWeights(model: Prepared, train: Split): Prepared {
  const { recipe } = model.source;
  if (recipe.class_weights === undefined) return model;
  const counts = countsOf(labelsIn(train, model.labels), model);
  const weights = weightsFor(recipe.class_weights, counts, model, train);
  if (weights.every((weight, id) => weight === 0 || counts[id] === 0)) {
    throw wrong("the weights of all classes of the training data are 0", "a weight above 0 for at least one of them");
  }
  return { ...model, source: { ...model.source, recipe: { ...recipe, class_weights: weights } } };
}

function weightsFor(
  given: NonNullable<Prepared["source"]["recipe"]["class_weights"]>,
  counts: readonly number[],
  { labels }: Prepared,
  { classNames }: Split,
): number[] {
  const { names } = labels;
  if (given === "balanced") return balanced(counts);
  const shown = `${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`;
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    throw wrong(`${given.length} weights for ${names.length} classes`, `one for each of ${shown}`);
  }
  const read = labelReader(labels, classNames);
  const idOf = (label: Label): number => {
    try {
      return labels.idOf(read(label), "class_weights");
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const hint = nearest(String(label), names);
      throw wrong(`the training data have no label ${JSON.stringify(label)}`, `labels among ${shown}`, hint);
    }
  };
  const weights = new Map<number, number>();
  for (const [label, weight] of Object.entries(given)) {
    const id = idOf(label);
    if (weights.has(id)) throw wrong(`two weights for the class ${names[id]}`, "one weight for each class");
    weights.set(id, weight);
  }
  return names.map((_, id) => weights.get(id) ?? 1);
}

/**
 * `n / (k · n_c)` for each class c: n labels in all, k classes that occur, n_c labels of c; 1 for a class that does not occur.
 * @see scikit-learn, `compute_class_weight("balanced")`.
 */
export function balanced(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const occurring = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? all / (occurring * count) : 1));
}

/** Labels of the training data by class id. */
function countsOf(found: readonly Labelled[], { labels }: Prepared): number[] {
  const counts = labels.names.map(() => 0);
  for (const { label, where, count = 1 } of found) counts[labels.idOf(label, where)]! += count;
  return counts;
}

const wrong = (what: string, expected: string, meant?: string): RecipeError =>
  new RecipeError(`class_weights: ${what}`, {
    where: "class_weights",
    expected,
    ...(meant !== undefined && { hint: `did you mean ${meant}?` }),
  });
