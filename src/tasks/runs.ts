import { yieldThread } from "#platform";
import { planBatches } from "../examples/batching.ts";
import type { Batch } from "../examples/collate.ts";
import { Random } from "../random.ts";
import type { RuntimeTensor } from "../session/session.ts";
import type { Asked, Examples } from "./definition.ts";
import { feedsOf } from "./feeds.ts";
import { passes, passTokens } from "./passes.ts";

/** Outputs of one run of the session. */
export interface Run {
  /** Places of its examples among all. */
  readonly rows: readonly number[];
  readonly batch: Batch;
  readonly outputs: Readonly<Record<string, RuntimeTensor>>;
}

/** Places of the examples of each run of the session: those of similar length together, in passes of bounded size. */
export function* plannedRuns(lengths: ArrayLike<number>, batchSize: number): Generator<readonly number[], void, void> {
  const planned = planBatches(lengths, { batchSize, groupByLength: true, shuffle: false, random: Random.seed(0) });
  for (const batch of planned) yield* passes(batch, (row) => lengths[row] ?? 0, passTokens(0));
}

/**
 * Runs a model over examples, those of similar length together.
 * @param stop Once it says so, nothing more is run.
 */
export async function* runs(
  { session, graph, padId }: Asked,
  examples: Examples,
  batchSize: number,
  stop: () => boolean,
): AsyncGenerator<Run, void, void> {
  const random = Random.seed(0);
  for (const rows of plannedRuns(examples.lengths, batchSize)) {
    await yieldThread(); // the engine holds its thread: let signals through
    if (stop()) return;
    const shown = rows.map((row) => examples.at(row));
    const { tensors, batch } = feedsOf(graph, shown, padId, random);
    yield { rows, batch, outputs: await session.run(tensors) };
  }
}
