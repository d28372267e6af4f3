import { expect, test } from "vitest";
import { type MemoryStep, runLifetimes } from "../../../src/onnx/memory/lifetimes.ts";

/** `inputs -> outputs`, `inputs ~> output` for a view; scratch bytes after `+`. */
function step(text: string): MemoryStep {
  const [inputs = "", arrow = "", rest = ""] = text.split(/ *(->|~>) */);
  const [outputs = "", scratch = "0"] = rest.split(" + ");
  const names = (list: string): string[] => list.split(" ").filter((name) => name !== "");
  return { inputs: names(inputs), outputs: names(outputs), view: arrow === "~>", scratch: Number(scratch) };
}

/** The most that was held at once, and what was held last. */
function replay(steps: readonly string[], sizes: Readonly<Record<string, number>>, outputs: readonly string[]) {
  let [live, peak] = [0, 0];
  runLifetimes(steps.map(step), (name) => sizes[name] as number, new Set(outputs), {
    allocate(bytes) {
      live += bytes;
      peak = Math.max(peak, live);
      return bytes;
    },
    release: (bytes: number) => {
      live -= bytes;
    },
  });
  return { live, peak };
}

test("a result is held to its last reader: the peak of a training step in miniature", () => {
  // w and x are not results, and count nothing. a 100, b 40: 140; with c 7: 147; b goes; da 100 beside a 100 and c 7: 207.
  const steps = ["x w -> a", "a -> b", "b -> c", "c a -> da", "da -> dw"];
  const sizes = { a: 100, b: 40, c: 7, da: 100, dw: 10 };
  expect(replay(steps, sizes, ["c", "dw"])).toEqual({ live: 0, peak: 207 });
});

test("computed again instead of kept, the wide value is gone while others are made", () => {
  const sizes = { a: 10, w1: 100, b: 10, w2: 100, c: 10, v2: 100, d2: 20, v1: 100, d1: 20 };
  const forward = ["x -> a", "a -> w1", "w1 -> b", "b -> w2", "w2 -> c"];
  const kept = [...forward, "c w2 -> d2", "d2 w1 -> d1"];
  const recomputed = [...forward, "b -> v2", "c v2 -> d2", "a -> v1", "d2 v1 -> d1"];
  expect(replay(kept, sizes, ["d1"]).peak).toBe(230); // at d2: w1 100 + w2 100 + c 10 + d2 20
  expect(replay(recomputed, sizes, ["d1"]).peak).toBe(140); // at d2: a 10 + c 10 + v2 100 + d2 20
});

test("a view takes nothing, and holds what it shows", () => {
  const sizes = { a: 50, flat: 50, b: 20, c: 5 };
  expect(replay(["x -> a", "a ~> flat", "x -> b", "flat b -> c"], sizes, ["c"]).peak).toBe(75);
  expect(replay(["w ~> flat", "flat -> c"], sizes, ["c"])).toEqual({ live: 0, peak: 5 }); // of a weight
});

test("scratch is held for one step; results that nobody reads as well", () => {
  const sizes = { a: 10, mean: 3, b: 10 };
  expect(replay(["x -> a mean + 30", "a -> b"], sizes, ["b"])).toEqual({ live: 0, peak: 43 });
});
