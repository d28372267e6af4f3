import { createContext, Script } from "node:vm";

/** A second run is due to a thread that did not get to compute: one that was stopped, or a machine that is too busy. */
const RUNS = 3;

const context = createContext({ act: undefined as (() => void) | undefined });
const script = new Script("act()");

/**
 * Runs a function that never awaits, and ends it when it takes too long: also within a regular expression that
 * backtracks, and in a worker thread. Native calls such as `replaceAll` are ended when they return.
 *
 * Time that the process was stopped or waited for a core does not count: the function is run again, so it must have
 * no effects. A call costs 50 µs.
 *
 * @param milliseconds At least 1.
 * @param late The error to throw when time is up.
 * @throws whatever `act` throws, and `late()`.
 */
export function withinTime<T>(milliseconds: number, act: () => T, late: () => Error): T {
  for (let run = 1; ; run++) {
    const used = process.cpuUsage();
    try {
      return runCapped(milliseconds, act);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException | undefined)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
      const { user, system } = process.cpuUsage(used);
      if (run === RUNS || (user + system) / 1000 > milliseconds / 2) throw late();
    }
  }
}

/** The watchdog of node:vm ends whatever a script calls, however deep. */
function runCapped<T>(milliseconds: number, act: () => T): T {
  let result: { readonly value: T } | undefined;
  const outer = context.act;
  context.act = () => {
    result = { value: act() };
  };
  try {
    script.runInContext(context, { timeout: milliseconds });
  } finally {
    context.act = outer;
  }
  return (result as unknown as { readonly value: T }).value;
}
