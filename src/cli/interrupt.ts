import type { Output } from "./output.ts";

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A wish to stop, from Ctrl-C or from the system. */
export interface Interrupt {
  /** Aborts at the first wish, so that the run can finish its step and write a checkpoint. */
  readonly signal: AbortSignal;
  /** 130 or 143 once there was a wish. */
  exitCode(): number | undefined;
  /** Leaves the signals to Node again. */
  stop(): void;
}

/** Listens for SIGINT and SIGTERM and says what follows from the first; a second one quits at once. */
export function watchInterrupts(output: Output, then = "finishing this step and saving"): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const heard = (name: keyof typeof CODES) => {
    if (code !== undefined) process.exit(code);
    code = CODES[name];
    output.alert(`\n${name}: ${then}; press Ctrl-C again to quit at once.`);
    controller.abort(name);
  };
  const names = Object.keys(CODES) as (keyof typeof CODES)[];
  for (const name of names) process.on(name, heard);
  return {
    signal: controller.signal,
    exitCode: () => code,
    stop: () => {
      for (const name of names) process.off(name, heard);
    },
  };
}
