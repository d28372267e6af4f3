import { setImmediate, setTimeout } from "node:timers/promises";

/** Waits. Rejects as soon as `signal` is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal ? { signal } : {});

/** Lets everything that waits for this thread have its turn. */
export const nextTurn = (): Promise<void> => setImmediate();

/** Seconds since this process began. */
export const uptimeSeconds = (): number => process.uptime();
