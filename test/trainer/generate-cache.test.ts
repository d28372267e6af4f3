import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as node from "../../src/session/node.ts";
import { TextGenerator } from "../../src/trainer/generate.ts";
import { fixture } from "./running.ts";

/** Tokens that each run of the session was given. */
const read: number[] = [];

vi.mock("../../src/session/node.ts", async (importOriginal) => {
  const { openSession, ...rest } = await importOriginal<typeof node>();
  return {
    ...rest,
    async openSession(...args: Parameters<typeof openSession>) {
      const session = await openSession(...args);
      const run: typeof session.run = (feeds) => {
        read.push(feeds.input_ids?.shape[1] as number);
        return session.run(feeds);
      };
      return { ...session, run };
    },
  };
});

beforeEach(() => void read.splice(0));

describe("a token is computed once", () => {
  test("after the prompt, each run of the session reads one token", async () => {
    const generator = await TextGenerator.open({ model: fixture("causal/llama") });
    for await (const _ of generator.generate("This agreement", { maxNewTokens: 6 }));
    const [prompt, ...later] = read;
    expect(prompt).toBeGreaterThan(1);
    expect(later).toEqual([1, 1, 1, 1, 1]);
    await generator.close();
  });

  test("a text that goes on where the last one ended is read from there", async () => {
    const generator = await TextGenerator.open({ model: fixture("causal/llama") });
    const one = { maxNewTokens: 1 };
    for await (const _ of generator.generate("This agreement is governed", one));
    for await (const _ of generator.generate("This agreement is governed by the laws", one));
    for await (const _ of generator.generate("Payment is due", one));
    const [first, second, third] = read as [number, number, number];
    expect(second).toBeLessThan(first); // of "governed by the laws", the cache holds the beginning
    expect(third).toBeGreaterThan(1); // nothing of it was read before
    await generator.close();
  });
});
