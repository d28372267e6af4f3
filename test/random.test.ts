import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../src/random.ts";

/** Mean and variance. */
function moments(sample: ArrayLike<number>): [number, number] {
  const values = Array.from(sample);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length];
}

/** One draw of each kind. */
function draws(random: Random): unknown {
  const [uniforms, normals, mask, cards] = [new Float32Array(3), new Float32Array(3), new Uint8Array(37), [1, 2, 3, 4]];
  random.fillUniform(uniforms, -1, 2);
  random.fillNormal(normals, 0.02);
  random.dropoutMask(mask, 0.7);
  random.shuffle(cards);
  return { uniforms, normals, mask, cards, uniform: random.uniform(), normal: random.normal(), int: random.int(10) };
}

describe("Random", () => {
  test("draws the same numbers on every machine and in every version", () => {
    const random = Random.seed(0);
    const mask = new Uint8Array(8);
    random.stream("dropout").dropoutMask(mask, 0.5);
    expect([random.uniform(), random.int(1000), random.stream("init").int(1000), mask.join("")]).toMatchInlineSnapshot(`
      [
        0.25640772191906,
        999,
        19,
        "00100101",
      ]
    `);
  });

  test("seeds and stream names make different numbers", () => {
    const firsts = [-1, 0, 1, 2, 2 ** 32, 2 ** 40].flatMap((seed) => {
      const root = Random.seed(seed);
      return [root, root.stream("a"), root.stream("b"), root.stream("a").stream("b")].map((random) => random.uniform());
    });
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test("a stream depends on seed and name, not on what happened before", () => {
    const [one, other] = [Random.seed(7), Random.seed(7)];
    one.stream("first");
    draws(one);
    expect(draws(one.stream("dropout"))).toEqual(draws(other.stream("dropout")));
  });

  test("a stream goes on where it was when asked for again", () => {
    const random = Random.seed(7);
    expect(random.stream("x").uniform()).not.toBe(random.stream("x").uniform());
  });

  test("resumes exactly after JSON, streams and half-used pairs included", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(5), fc.nat(5), (seed, rootNormals, streamNormals) => {
        const random = Random.seed(seed);
        for (let i = 0; i < rootNormals; i++) random.normal();
        for (let i = 0; i < streamNormals; i++) random.stream("dropout").normal();
        const resumed = Random.seed(seed + 1);
        resumed.stream("dropout").normal();
        resumed.stream("made elsewhere").normal();
        resumed.restore(JSON.parse(JSON.stringify(random.state())));
        for (const name of ["dropout", "made elsewhere", "made later"]) {
          expect(draws(resumed.stream(name))).toEqual(draws(random.stream(name)));
        }
        expect(draws(resumed)).toEqual(draws(random));
      }),
    );
  });

  test("a restored stream is still the one that was handed out", () => {
    const random = Random.seed(0);
    const stream = random.stream("x");
    const state = random.state();
    const first = stream.uniform();
    random.restore(state);
    expect(stream.uniform()).toBe(first);
  });

  test("uniform and normal have their moments", () => {
    const random = Random.seed(3);
    const sample = new Float32Array(100_000);
    random.fillUniform(sample, -1, 3);
    let [mean, variance] = moments(sample);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
    random.fillNormal(sample, 2);
    [mean, variance] = moments(sample);
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(4, 1);
    expect(sample.filter((x) => Math.abs(x) > 2 * 1.96).length / sample.length).toBeCloseTo(0.05, 2);
  });

  test("int is even and in range", () => {
    const random = Random.seed(4);
    const counts = new Int32Array(7);
    for (let i = 0; i < 70_000; i++) counts[random.int(7)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(random.int(1)).toBe(0);
  });

  test("shuffle puts every item in every place, in arrays of any kind", () => {
    const random = Random.seed(5);
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const items = Uint32Array.of(1, 2, 3, 4);
      random.shuffle(items);
      seen.add(items.join(""));
    }
    expect(seen.size).toBe(24);
  });

  test.each([0.05, 0.5, 0.9, 1 / 3])("dropoutMask keeps %d, at every place in a word", (keep) => {
    const random = Random.seed(6);
    const kept = new Float64Array(70);
    const mask = new Uint8Array(70);
    for (let i = 0; i < 20_000; i++) {
      random.dropoutMask(mask, keep);
      for (let j = 0; j < mask.length; j++) kept[j]! += mask[j]!;
    }
    const sigma = Math.sqrt((keep * (1 - keep)) / 20_000);
    for (const count of kept) expect(Math.abs(count / 20_000 - keep)).toBeLessThan(4.5 * sigma);
  });

  test("dropoutMask draws places independently", () => {
    const mask = new Uint8Array(200_000);
    Random.seed(8).dropoutMask(mask, 0.9);
    for (const lag of [1, 4, 8, 31, 32, 64, 4096]) {
      const both = mask.subarray(lag).reduce((sum, kept, i) => sum + (kept & mask[i]!), 0) / (mask.length - lag);
      expect(both, `lag ${lag}`).toBeCloseTo(0.81, 2);
    }
  });

  test("dropoutMask at the ends of its range", () => {
    const mask = new Uint8Array(5000).fill(7);
    Random.seed(9).dropoutMask(mask, 1);
    expect(mask.every((kept) => kept === 1)).toBe(true);
    Random.seed(9).dropoutMask(mask, 1 - 1e-12);
    expect(mask.every((kept) => kept === 1)).toBe(true);
    Random.seed(9).dropoutMask(mask, 0);
    expect(mask.every((kept) => kept === 0)).toBe(true);
  });

  test("refuses a seed that is not an integer", () =>
    expect(() => Random.seed(0.5)).toThrow(
      "seed 0.5 is not an integer.\n  at: seed\n  expected: an integer such as 0",
    ));

  test.each([
    ["nothing", "null"],
    ["an empty object", "{}"],
    ["three words", '{"key":[1,2,3],"words":[1,2,3,4],"spare":null,"streams":{}}'],
    ["a word of 64 bits", '{"key":[1,2,3,9223372036854775807],"words":[1,2,3,4],"spare":null,"streams":{}}'],
    ["words in quotes", '{"key":["1","2","3","4"],"words":[1,2,3,4],"spare":null,"streams":{}}'],
    ["a spare in quotes", '{"key":[1,2,3,4],"words":[1,2,3,4],"spare":"0","streams":{}}'],
    ["no spare", '{"key":[1,2,3,4],"words":[1,2,3,4],"streams":{}}'],
    ["no streams", '{"key":[1,2,3,4],"words":[1,2,3,4],"spare":null}'],
    ["a list of streams", '{"key":[1,2,3,4],"words":[1,2,3,4],"spare":null,"streams":[null]}'],
    ["a stream without streams", '{"key":[1,2,3,4],"words":[1,2,3,4],"spare":null,"streams":{"a":{"key":[1,2,3,4],"words":[1,2,3,4],"spare":0.5}}}'],
  ])("refuses a state of %s, and stays as it is", (_, text) => {
    const random = Random.seed(0);
    const before = random.state();
    expect(() => random.restore(JSON.parse(text))).toThrow("The saved random state is malformed.");
    expect(random.state()).toEqual(before);
  }); // biome-ignore format: a table
});
