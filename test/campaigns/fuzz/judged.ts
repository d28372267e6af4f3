import { LowrankError } from "../../../src/errors.ts";

/** Longest that reading a mutated input may take, in seconds of the processor. */
export const MAX_SECONDS = 2;
/** Most that reading one may add to the resident memory. */
export const MAX_GROWTH_MB = 200;

/** Something that bad input must not do. */
export interface Finding {
  readonly format: string;
  /** With format and seed it makes the input again. */
  readonly index: number;
  readonly kind: "error" | "unhandled" | "slow" | "growth" | "hang" | "death";
  /** The same for findings of one cause. */
  readonly what: string;
  readonly input: string;
}

/** How one read ended. */
export interface Judged {
  /** What it was refused with. */
  readonly refusal?: Error;
  readonly ms: number;
  readonly growthMb: number;
  readonly wrong?: Pick<Finding, "kind" | "what">;
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Asking the system for memory costs more than many reads do, so that it is asked once in so many. */
const READS_PER_BASELINE = 16;
const baseline = { reads: 0, rss: 0, peak: 0 };

function refreshBaseline(): void {
  baseline.reads = 0;
  baseline.rss = process.memoryUsage.rss();
  baseline.peak = peakRss();
}

const peakRss = (): number => process.resourceUsage().maxRSS * 1024;

/** Reads once, and measures. A read must return or throw a `LowrankError`, in bounded time and memory. */
export async function judge(read: () => Promise<unknown>): Promise<Judged> {
  if (baseline.reads++ % READS_PER_BASELINE === 0) refreshBaseline();
  const begun = performance.now();
  const cpuBegun = cpuSeconds();
  const error = await read().then(
    () => undefined,
    (error: unknown) => error ?? new Error("nothing was thrown"),
  );
  const ms = performance.now() - begun;
  const seconds = ms > MAX_SECONDS * 1000 ? cpuSeconds() - cpuBegun : 0; // other processes take their share
  const peak = peakRss();
  const growthMb = peak > baseline.peak ? Math.max(0, (peak - baseline.rss) / 1e6) : 0;
  const wrong = complaint(error, seconds, growthMb);
  if (peak > baseline.peak) refreshBaseline();
  return { ms, growthMb, ...(isRefusal(error) && { refusal: error }), ...(wrong && { wrong }) };
}

function complaint(error: unknown, seconds: number, growthMb: number): Judged["wrong"] {
  if (error !== undefined && !isRefusal(error)) return { kind: "error", what: described(error) };
  if (seconds <= MAX_SECONDS && growthMb <= MAX_GROWTH_MB) return undefined;
  const outcome = error === undefined ? "accepted" : described(error);
  if (seconds > MAX_SECONDS) return { kind: "slow", what: `over ${MAX_SECONDS} s, then ${outcome}` };
  return { kind: "growth", what: `over ${MAX_GROWTH_MB} MB, then ${outcome}` };
}

const isRefusal = (error: unknown): error is LowrankError =>
  error instanceof LowrankError && error.message.trim() !== "";

/** An error without what differs from input to input, and the first line of this library on its stack. */
export function described(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error).slice(0, 80)}`;
  const at = /\bsrc\/[\w/.-]+:\d+/.exec(error.stack ?? "")?.[0] ?? "outside src";
  const message = error.message.split("\n", 1)[0]?.slice(0, 120) ?? "";
  return `${error.name}: ${message
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\/\S+/g, "PATH")
    .replace(/\d+/g, "N")} (${at})`;
}
