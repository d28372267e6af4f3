import { parentPort } from "node:worker_threads";
import { withinTime } from "../../src/platform/time-limit.ts";

try {
  withinTime(100, () => /^(a+)+$/.test(`${"a".repeat(40)}!`), () => new Error("late")); // biome-ignore format: one call
} catch (error) {
  parentPort?.postMessage([(error as Error).message, withinTime(1000, () => 7, () => new Error())]); // biome-ignore format: one call
}
