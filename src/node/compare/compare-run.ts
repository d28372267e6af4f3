import { exists, openFile, type ProcessEnd, spawnJsonLines } from "#platform";
import { EngineError, InterruptedError, OutOfMemoryError, revivedError } from "../../errors.ts";
import type { TrainResults } from "../../events/events.ts";
import type { CompareEvent, ComparisonRow } from "../../events/reports.ts";
import { METHOD_DEFINITIONS } from "../../methods/index.ts";
import { PROGRAM } from "../../program.ts";
import { Random } from "../../random.ts";
import { scoresWithIntervals } from "../../training/predictions-file.ts";
import { fromLogRecord } from "./log-record.ts";

/** One run of a comparison, before it is run. */
export interface Entry {
  /** The name of its row. */
  readonly method: string;
  readonly seed: number;
  /** Its output folder. */
  readonly folder: string;
  /** The recipe's path; absent when the keys make the recipe. */
  readonly path?: string;
}

/**
 * Trains in a process of its own (this package's own `train … --json`), passes its events on and returns its row.
 * @param keys Recipe keys, as flags.
 * @throws {LowrankError} what the run failed with; {OutOfMemoryError} when the system killed it.
 */
export async function* runEntry(
  entry: Entry,
  keys: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): AsyncGenerator<CompareEvent, ComparisonRow, void> {
  const { method, seed, path } = entry;
  const flags = Object.entries(keys).map(([key, value]) => `--${key}=${flagText(value)}`);
  const main = new URL("../../cli/main.js", import.meta.url);
  const lines = spawnJsonLines(
    main,
    ["train", ...(path === undefined ? [] : [path]), ...flags, "--json", "--quiet"],
    signal,
  );
  let steps = 0;
  let evaluated = false;
  let results: TrainResults | undefined;
  let failure: Error | undefined;
  for (;;) {
    const { done, value } = await lines.next();
    if (done) {
      if (failure) throw failure;
      if (!results || !evaluated) throw endedEarly(entry, value, signal);
      return rowOf(entry, results);
    }
    if (value.event === "error") failure = errorOf(value, entry);
    const event = fromLogRecord(value, steps);
    if (!event) continue;
    if (event.kind === "start") steps = event.header.steps;
    if (event.kind === "eval") evaluated = true;
    if (event.kind === "done") results = event.results;
    yield { kind: "run", method, seed, event };
  }
}

const flagText = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** The error that a run reported on its last line, of its own class: `E_NO_TARGET` → `NoTargetError`. */
function errorOf(line: Readonly<Record<string, unknown>>, { method, seed }: Entry): Error {
  const { code, message, exit_code: exitCode } = line;
  const words = String(code).replace("E_MEMORY", "E_OUT_OF_MEMORY").split("_").slice(1);
  const name = `${words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join("")}Error`;
  return revivedError({
    name,
    message: `${message}\n  run: method ${method}, seed ${seed}`,
    stack: "",
    data: { exitCode },
  });
}

/** Error for a process that ended without results or an error. */
function endedEarly({ method, seed }: Entry, end: ProcessEnd, signal?: AbortSignal): Error {
  const run = `the run of method ${method}, seed ${seed}`;
  if (signal?.aborted) return new InterruptedError(`stopped before ${run} started.`);
  if (end.signal === "SIGKILL") {
    return new OutOfMemoryError(`${run} was killed by the system, usually because it ran out of memory.`, {
      hint: `use a smaller per_device_train_batch_size or max_length; ${PROGRAM} plan estimates the memory of a run.`,
    });
  }
  const how = end.signal ? `was killed by ${end.signal}` : `ended with exit code ${end.exitCode} and no result`;
  return new EngineError(`${run} ${how}.`, { ...(end.stderr.trim() && { where: end.stderr.trim() }) });
}

async function rowOf({ method, seed, folder }: Entry, results: TrainResults): Promise<ComparisonRow> {
  const { trainableParameters, totalParameters, trainablePercent, peakRssBytes, memoryBytes } = results;
  return {
    method,
    seed,
    trainableParameters,
    totalParameters,
    trainablePercent,
    peakRssBytes,
    memoryBytes,
    trainSeconds: results.trainSeconds,
    tokensPerSecond: results.tokensPerSecond,
    savedBytes: await savedBytes(folder),
    ...(await scoresWithIntervals(folder, Random.seed(seed).stream("bootstrap"))),
  };
}

/** Bytes of the weights in an output folder. */
async function savedBytes(folder: string): Promise<number> {
  let bytes = 0;
  const names = new Set(Object.values(METHOD_DEFINITIONS).flatMap(({ weightFiles }) => weightFiles));
  for (const path of [...names].map((name) => `${folder}/${name}`)) {
    if (!(await exists(path))) continue;
    const file = await openFile(path);
    bytes += file.size;
    await file.close();
  }
  return bytes;
}
