import { setImmediate, setTimeout } from "node:timers/promises";

/** Waits. Rejects as soon as `signal` is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, signal ? { signal } : {});

/** Gives the thread up until everything that waits for it was served. */
export const yieldThread = (): Promise<void> => setImmediate();

/** Seconds since this process began. */
export const uptimeSeconds = (): number => process.uptime();
