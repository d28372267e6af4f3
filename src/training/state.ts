import type { TrainEvent, TrainResults } from "../events/events.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Trained } from "../prepared/job.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { asStored } from "../prepared/stored.ts";
import type { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Example, Examples, Scores } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import type { Progress } from "./progress.ts";
import type { Steps } from "./schedule.ts";
import type { Stage } from "./unfreezing.ts";

/** Everything a run holds while it trains. */
export interface Run {
  readonly recipe: ResolvedRecipe;
  readonly model: Prepared;
  readonly weights: Weights;
  readonly optimizer: Optimizer;
  readonly random: Random;
  readonly steps: Steps;
  readonly stages: readonly Stage[];
  readonly examples: Examples;
  readonly progress: Progress;
  readonly output: Output;
  /** The device and why it was taken; absent where the recipe names the CPU. */
  readonly deviceReason?: string;
  /** Memory of the process when everything except the weights is read. */
  readonly baseBytes: number;
}

/** Examples of a micro-batch as a step sees them. */
export function drawnFor(
  { source, tokenizer }: Prepared,
  examples: readonly Example[],
  random: Random,
): readonly Example[] {
  const { draw } = taskOf(source.recipe);
  return draw ? examples.map((example) => draw(example, tokenizer, source.recipe, random)) : examples;
}

/** The parameters that the run trains, by name, as files have them. */
export function trainedOf({ model, weights }: Pick<Run, "model" | "weights">): Trained {
  const trained: Trained = new Map();
  for (const param of model.graph.params) {
    const { name, trainable } = param.origin;
    const tensor = weights.get(name);
    if (trainable && tensor) trained.set(name, asStored(param, tensor.data as Float32Array));
  }
  return trained;
}

/** Output of a run. Nothing is written before the first event: a run that is refused leaves no trace. */
export interface Output {
  log(event: TrainEvent): Promise<void>;
  /** Writes `checkpoint-N`, enough to resume bit for bit; returns its path. */
  writeCheckpoint(run: Run, best: boolean): Promise<string | undefined>;
  /** Writes model and tokenizer, once training is over. */
  writeModel(run: Run): Promise<void>;
  /** Writes the results of the last evaluation, and what they were computed from. */
  writeEvaluation(scores: Scores): Promise<void>;
  /** Writes state and results, pictures and card; returns what to warn of. */
  writeResults(run: Run, results: TrainResults): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** An output that writes nothing, for runs of a program that keeps the weights itself. */
export const noOutput: Output = {
  log: async () => {},
  writeCheckpoint: async () => undefined,
  writeModel: async () => {},
  writeEvaluation: async () => {},
  writeResults: async () => [],
  close: async () => {},
};
