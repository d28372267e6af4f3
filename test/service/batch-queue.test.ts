import { describe, expect, test } from "vitest";
import { InterruptedError, LowrankError } from "../../src/errors.ts";
import { BatchQueue } from "../../src/service/batch-queue.ts";

interface Item {
  readonly name: string;
  readonly tokens: number;
}

/** A queue that notes its batches; an item's result is its name, and `bad` fails. */
function noted(limits = { items: 4, tokens: 1000 }) {
  const batches: string[] = [];
  const queue = new BatchQueue<Item, string, string>(async (items, group) => {
    const names = items.map(({ name }) => name);
    batches.push(`${group}: ${names.join(" ")}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (names.includes("bad")) throw new Error("a bad item");
    return names.map((name) => `${group} ${name}`);
  }, limits);
  return { queue, batches };
}

const item = (name: string, tokens = 10): Item => ({ name, tokens });
const many = (name: string, count: number): Item[] => Array.from({ length: count }, (_, i) => item(`${name}${i}`));

describe("a queue of batches", () => {
  test("calls of the same moment share a batch, and each gets its own results in order", async () => {
    const { queue, batches } = noted();
    const results = await Promise.all([queue.submit([item("a"), item("b")], "x"), queue.submit([item("c")], "x")]);
    expect(results).toEqual([["x a", "x b"], ["x c"]]);
    expect(batches).toEqual(["x: a b c"]);
  });

  test("nothing waits for a batch to fill", async () => {
    const { queue, batches } = noted();
    await queue.submit([item("a")], "x");
    expect(batches).toEqual(["x: a"]);
    expect(await queue.submit([], "x")).toEqual([]);
  });

  test("a long call does not hold up those that come later", async () => {
    const { queue, batches } = noted();
    let done = false;
    const long = queue.submit(many("long", 40), "x").then((results) => {
      done = true;
      return results;
    });
    await new Promise((resolve) => setTimeout(resolve, 3));
    const began = batches.length;
    await Promise.all(many("short", 5).map((one) => queue.submit([one], "x")));
    expect(done).toBe(false);
    expect(batches.length - began).toBeLessThanOrEqual(4);
    expect(await long).toEqual(many("long", 40).map(({ name }) => `x ${name}`));
  });

  test("calls of other groups have their turns, in batches of their own", async () => {
    const { queue, batches } = noted();
    await Promise.all([queue.submit(many("a", 12), "x"), queue.submit(many("b", 4), "y")]);
    expect(batches).toEqual(["x: a0 a1 a2 a3", "y: b0 b1 b2 b3", "x: a4 a5 a6 a7", "x: a8 a9 a10 a11"]);
  });

  test("items of similar length run together, and no batch is longer than its bound", async () => {
    const { queue, batches } = noted({ items: 8, tokens: 1000 });
    const items = [item("l", 400), item("s", 5), item("m", 390), item("t", 6), item("huge", 5000)];
    expect(await queue.submit(items, "x")).toEqual(["x l", "x s", "x m", "x t", "x huge"]);
    expect(batches).toEqual(["x: s t", "x: m l", "x: huge"]);
  });

  test("what fails is told to the calls of its batch alone", async () => {
    const { queue } = noted();
    const [good, bad] = await Promise.allSettled([
      queue.submit([item("far", 500)], "x"),
      queue.submit([item("bad")], "x"),
    ]);
    expect(good).toEqual({ status: "fulfilled", value: ["x far"] });
    expect(bad).toMatchObject({ status: "rejected", reason: { message: "a bad item" } });
    expect(await queue.submit([item("later")], "x")).toEqual(["x later"]);
  });

  test("a call does not fail for the item of another in its batch", async () => {
    const { queue, batches } = noted();
    const [good, bad] = await Promise.allSettled([
      queue.submit([item("a"), item("b")], "x"),
      queue.submit([item("bad")], "x"),
    ]);
    expect(good).toEqual({ status: "fulfilled", value: ["x a", "x b"] });
    expect(bad).toMatchObject({ status: "rejected", reason: { message: "a bad item" } });
    expect(batches).toEqual(["x: a b bad", "x: a b", "x: bad"]);
  });

  test("an aborted call is refused, and what it has not run is not run", async () => {
    const { queue, batches } = noted();
    const controller = new AbortController();
    const [stopped, other] = [queue.submit(many("a", 40), "x", controller.signal), queue.submit([item("b")], "x")];
    expect(await other).toEqual(["x b"]);
    controller.abort(new Error("the client left"));
    await expect(stopped).rejects.toThrow(InterruptedError);
    await expect(stopped).rejects.toMatchObject({ cause: { message: "the client left" } });
    await queue.submit([item("c")], "x");
    expect(batches.length).toBeLessThan(5);
    await expect(queue.submit([item("d")], "x", controller.signal)).rejects.toThrow(InterruptedError);
  });

  test("closing finishes the batch that runs, and refuses what waits and what comes", async () => {
    const { queue, batches } = noted();
    const waiting = queue.submit(many("a", 40), "x");
    const refused = expect(waiting).rejects.toThrow(LowrankError);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await queue.close();
    await refused;
    const count = batches.length;
    await expect(queue.submit([item("b")], "x")).rejects.toThrow("the model is closed");
    expect(batches.length).toBe(count);
  });
});
