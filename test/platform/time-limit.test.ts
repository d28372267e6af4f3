import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { withinTime } from "../../src/platform/node/index.ts";

const late = () => new RangeError("late");
const backtrack = () => /^(a+)+$/.test(`${"a".repeat(40)}!`);

describe("a time limit", () => {
  test("ends an expression that backtracks, and what follows runs as before", () => {
    const start = performance.now();
    expect(() => withinTime(100, backtrack, late)).toThrow(late());
    expect(performance.now() - start).toBeLessThan(2000);
    expect(withinTime(1000, () => /^(a+)+$/.test("aaa"), late)).toBe(true);
  });

  test("ends a loop that catches everything", () => {
    const stubborn = () => {
      for (;;) {
        try {
          backtrack();
        } catch {}
      }
    };
    expect(() => withinTime(100, stubborn, late)).toThrow(late());
  });

  test("gives back results and errors as they are", () => {
    const own = new TypeError("own");
    expect(withinTime(1000, () => undefined, late)).toBeUndefined();
    expect(() =>
      withinTime(
        1000,
        () => {
          throw own;
        },
        late,
      ),
    ).toThrow(own);
  });

  test("nests: the shorter one ends first, and the other goes on", () => {
    const inner = () => withinTime(50, backtrack, () => new Error("inner"));
    const outer = () => {
      expect(inner).toThrow("inner");
      return withinTime(1000, () => "went on", late);
    };
    expect(withinTime(5000, outer, late)).toBe("went on");
    const longer = () => withinTime(5000, backtrack, () => new Error("inner"));
    expect(() => withinTime(100, longer, late)).toThrow(late());
  });

  test("holds in a worker thread", async () => {
    const limit = new URL("../../dist/platform/node/time-limit.js", import.meta.url);
    expect(existsSync(limit), "run `npm run build` first").toBe(true);
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData).then(({ withinTime }) => {
        try {
          withinTime(100, () => /^(a+)+$/.test("a".repeat(40) + "!"), () => new Error("late"));
        } catch (error) {
          parentPort.postMessage([error.message, withinTime(1000, () => 7, () => error)]);
        }
      });`;
    const worker = new Worker(source, { eval: true, workerData: limit.href });
    const message = await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
    expect(message).toEqual(["late", 7]);
  });
});
