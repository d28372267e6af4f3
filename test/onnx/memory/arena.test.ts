import fc from "fast-check";
import { expect, test } from "vitest";
import { Arena, type Chunk } from "../../../src/onnx/memory/arena.ts";

const MIB = 2 ** 20;

test("what was free is handed out again; only new places count", () => {
  const arena = new Arena();
  const a = arena.allocate(0.25 * MIB);
  const b = arena.allocate(0.25 * MIB);
  expect(arena.touchedBytes).toBe(0.5 * MIB);
  arena.release(a);
  expect(arena.allocate(0.25 * MIB)).toMatchObject({ region: 0, at: 0 });
  arena.release(b);
  expect(arena.allocate(0.5 * MIB)).toMatchObject({ region: 0, at: 0.25 * MIB }); // joined with what lay behind
  expect(arena.touchedBytes).toBe(0.75 * MIB);
});

test("regions double, and no chunk lies across two", () => {
  const arena = new Arena();
  const regionOf = (bytes: number): number => arena.allocate(bytes).region;
  expect([0.75, 0.75, 1.25, 3].map((mib) => regionOf(mib * MIB))).toEqual([0, 1, 1, 2]); // of 1, 2 and 4 MiB
  expect(regionOf(100 * MIB)).toBe(3); // as large as it has to be
});

test("a chunk that is less than twice too large is handed out whole", () => {
  const arena = new Arena();
  const held = [arena.allocate(0.5 * MIB), arena.allocate(0.5 * MIB)];
  arena.release(held[0] as Chunk);
  expect(arena.allocate(0.3 * MIB)).toMatchObject({ at: 0, size: 0.5 * MIB });
  expect(arena.touchedBytes).toBe(MIB);
});

test("chunks in use never overlap, and the arena holds at least what is live", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3 * MIB }), fc.nat(8)), { maxLength: 60 }), (asked) => {
      const arena = new Arena();
      const held: Chunk[] = [];
      for (const [bytes, which] of asked) {
        const [gone] = which < held.length ? held.splice(which, 1) : [];
        if (gone) arena.release(gone);
        held.push(arena.allocate(bytes));
        const sorted = held.toSorted((a, b) => a.region - b.region || a.at - b.at);
        for (const [i, chunk] of sorted.entries()) {
          const next = sorted[i + 1];
          if (next?.region === chunk.region) expect(chunk.at + chunk.size).toBeLessThanOrEqual(next.at);
        }
      }
    }),
    { numRuns: 50 },
  );
});
