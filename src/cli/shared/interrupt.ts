import type { Output } from "./output.ts";

/** Exit codes by cause: 128 and the signal's number, as shells say it. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Signal = keyof typeof CODES;

/** The exit code of a run that ended early because the reader of its output left: 128 and SIGPIPE's number. */
export const EXIT_PIPE = 141;

/** Milliseconds in which a signal that comes twice counts once: a terminal and `npx` both pass on the same Ctrl-C. */
const SAME = 300;

/** A request to stop, from Ctrl-C, from the system or because nobody reads stdout any more. */
export interface Interrupt {
  /** Aborts at the first request, so that the run can finish its step and write a checkpoint. */
  readonly signal: AbortSignal;
  /** 129, 130 or 143 after a signal, or the code given to `request`; undefined before any request. */
  exitCode(): number | undefined;
  /** Stops in good order for another reason than a signal. */
  request(why: string, code: number): void;
  /** Leaves the signals to Node again. */
  stop(): void;
}

/** Listens for SIGINT, SIGTERM and SIGHUP and says what follows from the first; a second Ctrl-C ends the process at once. */
export function watchInterrupts(output: Output, then = "finishing this step and saving"): Interrupt {
  const controller = new AbortController();
  const names = Object.keys(CODES) as Signal[];
  let code: number | undefined;
  let since = 0;
  const request = (why: string, exitCode: number): void => {
    if (code !== undefined) return;
    [code, since] = [exitCode, performance.now()];
    output.alert(`\n${why}: ${then}; press Ctrl-C again to quit at once.`);
    controller.abort(why);
  };
  const stop = (): void => {
    for (const name of names) process.off(name, onSignal);
  };
  const onSignal = (name: Signal): void => {
    if (code === undefined) {
      request(name, CODES[name]);
    } else if (name !== "SIGHUP" && performance.now() - since > SAME) {
      // By the signal itself: `process.exit` would end the training thread inside the engine, which dumps core.
      stop();
      process.kill(process.pid, name);
    }
  };
  for (const name of names) process.on(name, onSignal);
  return { signal: controller.signal, exitCode: () => code, request, stop };
}
