import { readFileSync } from "node:fs";
import { availableParallelism, cpus, hostname, totalmem } from "node:os";
import type { Machine } from "../contract.ts";

const INSTRUCTIONS =
  /^(avx2?|avx512(f|_bf16|_vnni|_fp16)|avx_vnni|f16c|fma|amx_(bf16|int8|tile)|asimd(dp|hp)?|sve2?|i8mm|bf16)$/;

/** Facts of the machine. */
export function machine(): Machine {
  const allowed = process.constrainedMemory(); // 0 or 2^64 stand for no limit
  const memoryBytes = allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  const cores = availableParallelism();
  return { system: `${process.platform} ${process.arch}`, cpu, cores, instructionSets: instructionSets(), memoryBytes };
}

/** Undefined: the engine has the process's memory. */
export const heapLimit = (): number | undefined => undefined;

/** Names of the machine and of this process, by which files of several can be told apart. */
export const whoRuns = (): { readonly host: string; readonly processId: number } => ({
  host: hostname(),
  processId: process.pid,
});

function instructionSets(): string[] {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    return flags
      .split(/\s+/)
      .filter((flag) => INSTRUCTIONS.test(flag))
      .sort();
  } catch {
    return []; // not Linux
  }
}
