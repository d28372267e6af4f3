import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { peakRssBytes, rssBytes } from "../../src/platform/node/index.ts";

const MIB = 2 ** 20;

test("what is held grows and shrinks; the peak only grows", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const before = peakRssBytes();
  expect(before).toBeGreaterThan(10 * MIB);

  let block: Buffer | undefined = Buffer.alloc(before - rssBytes() + 64 * MIB, 1);
  expect(block.at(-1)).toBe(1);
  expect(rssBytes()).toBeGreaterThan(before + 32 * MIB);

  block = undefined;
  await vi.waitFor(() => {
    collect();
    expect(rssBytes()).toBeLessThan(before + 16 * MIB);
  });
  expect(peakRssBytes()).toBeGreaterThan(before + 32 * MIB);
});
