import fc from "fast-check";
import { expect, test } from "vitest";
import { FileError } from "../../src/errors.ts";
import { type Example, ExampleStore, mapExamples } from "../../src/examples/examples.ts";
import { IGNORED } from "../../src/examples/labels.ts";
import { packExamples } from "../../src/examples/packing.ts";

const numbers = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 30 });
const example = fc.record({ ids: numbers, label: fc.nat(9), perToken: fc.boolean(), where: fc.string() });
const made = example.map(({ ids, label, perToken, where }): Example => {
  const labels = Int32Array.from(ids, (id, i) => (i % 3 === 0 ? IGNORED : id));
  return { ids: Int32Array.from(ids), ...(perToken ? { labels } : { label }), where } as Example;
});

/** A store of which the first examples are in memory, the others on disk. */
function storeOf(examples: readonly Example[], heldBytes: number): ExampleStore {
  const store = new ExampleStore(heldBytes);
  for (const one of examples) store.add(one);
  return store;
}

test("what comes out is what went in, in any order, wherever it lies", () =>
  fc.assert(
    fc.property(fc.array(made, { minLength: 1, maxLength: 40 }), fc.nat(2000), (examples, heldBytes) => {
      const store = storeOf(examples, heldBytes);
      const backwards = examples.map((_, i) => store.at(examples.length - 1 - i)).reverse();
      expect(backwards).toEqual(examples);
      expect([...store]).toEqual(examples);
      expect([...store.lengths]).toEqual(examples.map(({ ids }) => ids.length));
      expect(store.largestId).toBe(Math.max(...examples.flatMap(({ ids }) => [...ids])));
      const labels = examples.map((one) => ("labels" in one ? one.labels.filter((id) => id !== IGNORED).length : 1));
      expect([...store.labelled]).toEqual(labels);
      store.close();
    }),
    { numRuns: 50 },
  ));

test("reading and adding may take turns", () => {
  const store = new ExampleStore(0);
  for (let row = 0; row < 500; row++) {
    store.add({ ids: Int32Array.from({ length: 700 }, () => row), label: row, where: `train.jsonl:${row}` });
    const back = store.at(row >> 1);
    expect([back.ids[699], back.where]).toEqual([row >> 1, `train.jsonl:${row >> 1}`]);
  }
  expect(() => store.at(500)).toThrow(/no example 500 of 500/);
  store.close();
});

test("rows are packed alike wherever their examples lie", () => {
  const examples = [5, 3, 2, 6].map((length, row) => {
    const ids = Int32Array.from({ length }, (_, i) => 10 * row + i);
    return { ids, labels: ids, where: `a:${row}` };
  });
  const [held, stored] = [storeOf(examples, 1e6), storeOf(examples, 0)].map((store) => packExamples(store, 8));
  expect([...stored!]).toEqual([...held!]);
  expect(Array.from(stored!.lengths)).toEqual([...stored!].map(({ ids }) => ids.length));
});

test("examples made of others keep their facts", () => {
  const store = storeOf([{ ids: Int32Array.of(4, 9), label: 0, where: "a:1" }], 0);
  const mapped = mapExamples(store, (one, row) => ({ ...one, where: `${one.where} at ${row}` }));
  expect(mapped).toMatchObject({ length: 1, lengths: Int32Array.of(2), labelled: Int32Array.of(1), largestId: 9 });
  expect([...mapped].map(({ where }) => where)).toEqual(["a:1 at 0"]);
});

test("a folder that nothing can be written to is refused with the way out", () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = "/nowhere/at/all";
  try {
    const store = new ExampleStore(0);
    const add = () => store.add({ ids: Int32Array.of(1), label: 0, where: "a:1" });
    expect(add).toThrow(FileError);
    expect(add).toThrow(/cannot store tokenized examples in \/nowhere\/at\/all[\s\S]*variable TMPDIR to another/);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test("a store of one example takes little memory, since one is made for each text that may be empty", () => {
  const before = process.memoryUsage().arrayBuffers;
  const stores = Array.from({ length: 300 }, () =>
    ExampleStore.of([{ ids: Int32Array.of(1, 2), label: 0, where: "a:1" }]),
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30e6);
  expect(stores.every(({ length }) => length === 1)).toBe(true);
});
