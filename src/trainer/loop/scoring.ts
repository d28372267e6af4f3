import { mapExamples } from "../../data/examples.ts";
import { Random } from "../../random.ts";
import { compile } from "../setup/engine.ts";
import type { Prepared } from "../setup/prepared.ts";
import type { Weights } from "../setup/weights.ts";
import type { Examples, Scores } from "../task/definition.ts";
import { TASK_DEFINITIONS } from "../task/index.ts";

/**
 * Scores a model on examples, in a session of its own. What a task draws anew at each step is drawn alike each time.
 * @param stop Once it says so, scoring ends, and `undefined` is returned.
 */
export async function scoreModel(
  { source, graph: whole, tokenizer, labels }: Prepared,
  weights: Weights,
  examples: Examples,
  stop: () => boolean,
): Promise<Scores | undefined> {
  const { recipe } = source;
  const task = TASK_DEFINITIONS[recipe.task_type];
  const { draw } = task;
  const randomOf = (row: number): Random => Random.seed(recipe.seed).stream(`evaluation of ${row}`);
  const shown = draw ? mapExamples(examples, (one, row) => draw(one, tokenizer, recipe, randomOf(row))) : examples;
  const graph = task.scoringGraph(whole);
  const session = await compile(graph, weights);
  try {
    const asked = { session, graph, padId: tokenizer.padId };
    return await task.score(asked, shown, {
      batchSize: recipe.per_device_train_batch_size,
      classes: labels.names,
      stop,
    });
  } finally {
    await session.close();
  }
}
