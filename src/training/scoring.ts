import { DivergedError } from "../errors.ts";
import type { EvalResults } from "../events/events.ts";
import { ExampleStore, mapExamples } from "../examples/examples.ts";
import type { Worst } from "../metrics/worst.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { Example, Examples, Scores } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import type { ReportRow } from "../tasks/reports/report.ts";

/** Scores that are not finite. `evaluate` reports them; a run saves its last good state first. */
export class NotFiniteError extends DivergedError {
  readonly what: string;
  readonly where: string | undefined;

  /** @param where The first row whose own loss is not finite. */
  constructor(what: string, where?: string) {
    super(`${what}.`, {
      ...(where !== undefined && { where }),
      expected: "finite numbers",
      hint: "the training may have diverged, or the base model's weights may be damaged.",
    });
    this.what = what;
    this.where = where;
  }
}

const notFiniteIn = (metrics: EvalResults): string | undefined =>
  Object.keys(metrics).find((name) => typeof metrics[name] === "number" && !Number.isFinite(metrics[name]));

/** The place of the first example whose own loss is not finite. */
async function firstNotFinite(
  examples: Examples,
  score: (example: Example) => Promise<Scores | undefined>,
): Promise<string | undefined> {
  for (const example of examples) {
    if (!Number.isFinite((await score(example))?.metrics.eval_loss)) return example.where;
  }
  return undefined;
}

/**
 * Scores a model on examples, in a session of its own. What a task draws anew at each step is drawn alike each time.
 * @param stop Once it says so, scoring ends, and `undefined` is returned.
 * @param worst Collector of the worst examples, for a report.
 * @throws {NotFiniteError} when a score is NaN or infinite.
 */
export async function scoreModel(
  { engine, source, graph: whole, tokenizer, labels, threshold }: Prepared,
  weights: Weights,
  examples: Examples,
  stop: () => boolean,
  worst?: Worst<ReportRow>,
): Promise<Scores | undefined> {
  const { recipe } = source;
  const task = taskOf(recipe);
  const { draw } = task;
  const randomOf = (row: number): Random => Random.seed(recipe.seed).stream(`evaluation of ${row}`);
  const shown = draw ? mapExamples(examples, (one, row) => draw(one, tokenizer, recipe, randomOf(row))) : examples;
  const graph = task.scoringGraph(whole);
  const session = await engine.compile(graph, weights);
  try {
    const openModel = { session, graph, padId: tokenizer.padId };
    const options = {
      batchSize: recipe.per_device_train_batch_size,
      classes: labels.names,
      stop,
      ...(recipe.matryoshka_dims && { matryoshkaDims: recipe.matryoshka_dims }),
      ...(threshold !== undefined && { threshold }),
    };
    const decode = (ids: Iterable<number>): string => tokenizer.decode([...ids]);
    const scores = await task.score(openModel, shown, { ...options, ...(worst && { worst, decode }) });
    const bad = scores && notFiniteIn(scores.metrics);
    if (bad === undefined) return scores;
    const alone = (example: Example) => task.score(openModel, ExampleStore.of([example]), options);
    throw new NotFiniteError(`the evaluation's ${bad} is ${scores?.metrics[bad]}`, await firstNotFinite(shown, alone));
  } finally {
    await session.close();
  }
}
