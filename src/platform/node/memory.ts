import { readFileSync } from "node:fs";

/** Memory of this process that is in RAM now, in bytes. */
export const rssBytes = (): number => process.memoryUsage.rss();

/**
 * The most memory this process has had in RAM, in bytes.
 *
 * Linux' own high-water mark of the process where there is one: `getrusage`, the fallback, also counts
 * what the parent had when it started this process.
 */
export function peakRssBytes(): number {
  let status = "";
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    // Not Linux.
  }
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kib) * 1024;
}
