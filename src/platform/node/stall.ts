import { Worker } from "node:worker_threads";

/** A watch over this process, which ends it when it computes without getting on. */
export interface StallWatch {
  /** Notes that there was progress. */
  progressed(): void;
  /** Sets the processor time that it may take to the next progress, in seconds. */
  allow(seconds: number): void;
}

const LOOK_MS = 50;

/** The watch's thread: an endless loop lets nothing else of the process run. Its own looks cost next to nothing. */
const WATCH = `
  const { workerData: { shared, line, lookMs } } = require("node:worker_threads");
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  let [seen, since] = [-1, 0];
  setInterval(() => {
    const now = Atomics.load(shared, 0);
    if (now !== seen) [seen, since] = [now, used()];
    if (used() - since < Atomics.load(shared, 1)) return;
    require("node:fs").writeSync(1, line);
    process.kill(process.pid, "SIGKILL");
  }, lookMs);
`;

/**
 * Starts a watch: a process that takes more processor time than it is allowed prints `line` as JSON and is killed. Time in which
 * it waits, or in which other processes have the processor, does not count, so that a slow machine ends nothing.
 */
export function watchStalls(line: object, seconds: number): StallWatch {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const allow = (seconds: number): void => void Atomics.store(shared, 1, Math.round(seconds * 1000));
  allow(seconds);
  const workerData = { shared, line: `\n${JSON.stringify(line)}\n`, lookMs: LOOK_MS };
  new Worker(WATCH, { eval: true, execArgv: [], workerData }).unref();
  return { progressed: () => void Atomics.add(shared, 0, 1), allow };
}
