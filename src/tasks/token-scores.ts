import type { EvalResults } from "../events/events.ts";
import { IGNORED } from "../examples/labels.ts";
import { type Graph, nodeOf } from "../ir/graph.ts";
import { perplexity } from "../metrics/perplexity.ts";
import { tokenChoice, tokenLoss } from "../ops/token-loss/token-loss.ts";
import { rewrite } from "../passes/rewrite.ts";
import type { Asked, Examples, ScoreOptions, Scores } from "./definition.ts";
import { outputLayer } from "./loss.ts";
import { runs } from "./runs.ts";

/** Predictions of a language model for an example's trained tokens. */
interface Found {
  /** Sum of −log p(token), nats. */
  lossSum: number;
  tokens: number;
  /** Tokens that were the model's first choice. */
  correct: number;
}

/** A language model's graph with, for each asked row, the `losses` of its label and the model's own `choices`. */
export function tokenScoringGraph(graph: Graph): Graph {
  const next = rewrite(graph);
  const { x, w, bias, attrs } = outputLayer(next);
  const labels = next.input("labels", { dtype: "int64", shape: x.shape.slice(0, 1) });
  next.module = nodeOf(x)?.module ?? "";
  next.outputs.clear();
  next.outputs.set("losses", tokenLoss(x, w, labels, bias, attrs));
  next.outputs.set("choices", tokenChoice(x, w, bias, attrs));
  return next;
}

/** Scores a language model on the trained tokens of examples; `undefined` when it was stopped. */
export async function tokenScores(
  model: Asked,
  examples: Examples,
  { batchSize, stop, worst }: ScoreOptions,
): Promise<Scores | undefined> {
  const found = Array.from({ length: examples.length }, (): Found => ({ lossSum: 0, tokens: 0, correct: 0 }));
  for await (const { rows, batch, outputs } of runs(model, examples, batchSize, stop)) {
    const { losses, choices } = outputs;
    let at = 0;
    batch.labels.forEach((label, place) => {
      if (label === BigInt(IGNORED)) return;
      const example = found[rows[Math.floor(place / batch.seq)] as number] as Found;
      example.lossSum += Number(losses?.data[at]);
      example.tokens++;
      if (choices?.data[at] === label) example.correct++;
      at++;
    });
  }
  if (stop()) return undefined;
  for (const [row, { lossSum, tokens, correct }] of found.entries()) {
    const loss = lossSum / Math.max(1, tokens);
    worst?.offer(row, loss, () => ({ loss, perplexity: Math.exp(loss), tokens, correct }));
  }
  const column = (key: keyof Found): number[] => found.map((example) => example[key]);
  const predictions = { losses: column("lossSum"), tokens: column("tokens"), correct: column("correct") };
  return { metrics: languageResults(found), predictions };
}

/** The contents of `eval_results.json`. An example counts as right when each of its trained tokens is the first choice. */
export function languageResults(found: readonly Readonly<Found>[]): EvalResults {
  const sum = (of: (example: Found) => number): number => found.reduce((total, example) => total + of(example), 0);
  const tokens = sum((example) => example.tokens);
  const lossSum = sum((example) => example.lossSum);
  return {
    eval_loss: lossSum / tokens,
    eval_samples: found.length,
    eval_perplexity: perplexity(lossSum, tokens),
    eval_mean_token_accuracy: sum(({ correct }) => correct) / tokens,
    eval_exact_match: sum((example) => (example.correct === example.tokens ? 1 : 0)) / found.length,
  };
}
