import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { planBatches } from "../../src/examples/batching.ts";
import { Random } from "../../src/random.ts";

/** Many short lengths with ties, a few long ones, the longest truncated. */
function lengthsOf(count: number, seed: number): number[] {
  const random = Random.seed(seed).stream("lengths");
  return Array.from({ length: count }, () => Math.min(256, Math.ceil(20 * Math.exp(0.8 * random.normal()))));
}

/** Every option at every size, for several seeds. */
function* cases() {
  for (const count of [0, 1, 2, 3, 5, 17, 100, 1000]) {
    for (const seed of [0, 1, 2, 3, 4]) {
      for (const batchSize of [1, 4, 16]) {
        for (const maxTokens of [undefined, 64, 900]) {
          for (let bits = 0; bits < 8; bits++) {
            const [groupByLength, shuffle, longestSecond] = [1, 2, 4].map((bit) => (bits & bit) !== 0) as [boolean, boolean, boolean]; // biome-ignore format: one line
            yield { count, seed, options: { batchSize, maxTokens, groupByLength, shuffle, longestSecond } };
          }
        }
      }
    }
  }
}

/**
 * SHA-256 over the plans and the state of the generator after each, from the first version of `planBatches`, which held plain
 * nested arrays. Another hash means that runs no longer repeat those of earlier versions, nor resume their checkpoints.
 */
const GOLDEN = "c2b8aba0a5caaa5726f1f540537a75bbb0c87ad2122ad9cd127a83e4263b7d83";

test("the batches of every seed, size and option are those of the first version", () => {
  const hash = createHash("sha256");
  for (const { count, seed, options } of cases()) {
    const random = Random.seed(seed);
    const batches = planBatches(lengthsOf(count, seed), { ...options, random });
    hash.update(JSON.stringify([Array.from(batches, (batch) => [...batch]), random.state()]));
  }
  expect(hash.digest("hex")).toBe(GOLDEN);
});
