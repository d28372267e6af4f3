import { writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as node from "../../src/session/node/index.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { copyOf, fixture, readJson } from "../running.ts";

/** Tokens that each run of the session was given. */
const read: number[] = [];

vi.mock("../../src/session/node/index.ts", async (importOriginal) => {
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

  test("where longrope changes its factors, what was read is read again", async () => {
    const model = copyOf("causal/phi3");
    const rope_parameters = { rope_type: "longrope", short_factor: [1, 1, 1], long_factor: [1, 3, 9] };
    const stretched = { original_max_position_embeddings: 20, rope_parameters, partial_rotary_factor: 0.75 };
    writeFileSync(`${model}/config.json`, JSON.stringify({ ...readJson(`${model}/config.json`), ...stretched }));
    const generator = await TextGenerator.open({ model });
    for await (const _ of generator.generate("This agreement", { maxNewTokens: 25 }));
    const prompt = read[0] as number;
    const grown = read.findIndex((count, i) => i > 0 && count > 1);
    expect(read[grown]).toBe(21);
    expect(grown).toBe(21 - prompt);
    expect(read.filter((count) => count > 1)).toHaveLength(2);
    await generator.close();
  });
});
