import { describe, expect, test } from "vitest";
import { runtimeCheck } from "../ops/check.ts";
import { ROWS } from "../ops/op-rows.ts";
import { ALL, COVERING, decoder } from "./cases.ts";
import { runOn } from "./device.ts";
import { type Fed, generationOf, scoringOf, stepOf } from "./steps.ts";
import { SWIFTSHADER } from "./swiftshader.ts";

/** Largest difference from the CPU, relative to the largest number of an output. */
const TOLERANCE = 1e-4;

/** Gradients that are zero by symmetry, as those of a key's bias, are rounding errors: they are compared with this. */
const FLOOR = 1e-3;

/** `LOWRANK_WEBGPU=all` compares all cases, which takes minutes. */
const cases = process.env.LOWRANK_WEBGPU === "all" ? ALL : COVERING;

/** Every output is the CPU's. The host computes with integers only, and values are copied to it when the run is over. */
async function expectOnDevice({ graph, feeds }: Fed): Promise<void> {
  const { outputs: wanted } = await runOn("cpu", graph, feeds);
  const { outputs, downloads, strays } = await runOn("webgpu", graph, feeds);
  for (const [name, { data, shape }] of Object.entries(wanted)) {
    const numbers = Array.from(data, Number);
    const size = Math.max(FLOOR, ...numbers.map(Math.abs));
    const gap = Math.max(...numbers.map((x, i) => Math.abs(x - Number(outputs[name]!.data[i]))));
    expect(gap / size, name).toBeLessThan(TOLERANCE);
    expect(outputs[name]!.shape, name).toEqual(shape);
  }
  expect(strays).toEqual([]);
  expect(downloads).toBe(0);
}

if (SWIFTSHADER === undefined) console.log("skipped: there is no SwiftShader; it comes with Debian's chromium, and LOWRANK_CHROMIUM names another one."); // biome-ignore format: a message

describe.skipIf(SWIFTSHADER === undefined)("on WebGPU", () => {
  test.each(cases)("%s: loss and gradients are the CPU's", (_, family, keys) => expectOnDevice(stepOf(family, keys)));

  test.each([1, 2, 3])("a decoder trains on a text of %i tokens, shorter than blocks of attention", (length) => {
    const ids = Int32Array.from({ length }, (_, i) => i + 2);
    return expectOnDevice(stepOf(decoder, {}, [{ ids, labels: ids, where: "" }]));
  });

  test("a text without a label has a loss and gradients of zero", async () => {
    const fed = stepOf(decoder, {}, [{ ids: Int32Array.of(3, 4, 5, 6), labels: new Int32Array(4).fill(-100), where: "" }]); // biome-ignore format: a row
    await expectOnDevice(fed);
    const { outputs } = await runOn("webgpu", fed.graph, fed.feeds);
    expect(Object.values(outputs).every(({ data }) => data.every((x: number | bigint) => Number(x) === 0))).toBe(true);
  });

  test("texts are scored in chunks of the vocabulary", () => expectOnDevice(scoringOf(decoder)));

  test.each([0, 2])("a decoder generates after %i tokens", (past) => expectOnDevice(generationOf(decoder, past)));

  test("gradients of an embedding whose rows repeat are the same bytes each time", async () => {
    const { graph, feeds } = stepOf(decoder, { method: "full" });
    const ids = feeds.input_ids!;
    const few = BigInt64Array.from(Array.from<number | bigint>(ids.data), (id) => BigInt(id) % 3n);
    const repeated = { ...feeds, input_ids: { ...ids, data: few } };
    const [once, twice] = [await runOn("webgpu", graph, repeated), await runOn("webgpu", graph, repeated)];
    expect(twice.outputs).toEqual(once.outputs);
  });

  describe("every op agrees with the float64 evaluator", () => {
    for (const [op, f, operands, kind] of ROWS) {
      test(op, () =>
        runtimeCheck(f, operands, kind, async (graph, feeds) => (await runOn("webgpu", graph, feeds)).outputs),
      );
    }
  });
});

test.runIf(process.env.LOWRANK_CHROMIUM)("where Chromium is, SwiftShader is, too", () =>
  expect(SWIFTSHADER).toBeDefined(),
);
