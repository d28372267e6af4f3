import type { CheckpointError } from "../../errors.ts";

/** Seconds that a server may take to answer, and to send {@link SLOWEST_BYTES}, unless HF_HUB_DOWNLOAD_TIMEOUT says otherwise. */
export const TIMEOUT_SECONDS = 30;
/** Bytes that must come within the time-out: a telephone line of 1990 sends ten times as many. */
export const SLOWEST_BYTES = 4096;
/** Milliseconds of silence after which the user is told. */
const SLOW_MS = 3000;

/** Attempts in all, where a failure may pass. */
export const ATTEMPTS = 5;
/** Milliseconds before the second attempt; doubled before each further one. */
const FIRST_PAUSE_MS = 1000;
/** Milliseconds that a server may ask to wait. A longer Retry-After is a refusal. */
const LONGEST_PAUSE_MS = 60_000;

/** A failure that may pass: a busy server, a connection that broke. It holds the refusal for when it does not. */
export class PassingFailure extends Error {
  readonly refusal: CheckpointError;
  /** The pause that the server asked for, in milliseconds. */
  readonly waitMs: number | undefined;
  constructor(refusal: CheckpointError, waitMs?: number) {
    super(refusal.message);
    this.refusal = refusal;
    this.waitMs = waitMs;
  }
}

/** Milliseconds before the attempt that follows the `failed`-th failure; undefined where there should be none. */
export function pauseAfter({ waitMs }: PassingFailure, failed: number): number | undefined {
  const pause = waitMs ?? FIRST_PAUSE_MS * 2 ** (failed - 1);
  return failed < ATTEMPTS && pause <= LONGEST_PAUSE_MS ? pause : undefined;
}

/** `Retry-After` in milliseconds: seconds, or a date. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Limits of a wait. */
export interface Watch {
  /** Milliseconds until `onEnd`. */
  readonly limitMs: number;
  /** Called once, after some seconds, with their number. */
  readonly onSlow: (seconds: number) => void;
  /** Called when the limit is reached; it must make `act` end. */
  readonly onEnd: () => void;
}

/** The result of `act`, with a message when it takes long and an error when it takes too long. */
export async function watched<T>(act: Promise<T>, { limitMs, onSlow, onEnd }: Watch): Promise<T> {
  const slow = setTimeout(() => onSlow(SLOW_MS / 1000), SLOW_MS);
  const end = setTimeout(onEnd, limitMs);
  try {
    return await act;
  } finally {
    clearTimeout(slow);
    clearTimeout(end);
  }
}
