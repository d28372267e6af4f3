import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedByKey } from "../../src/examples/stable-sort.ts";

test("items come in the order of a stable sort", () =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 9 }), { maxLength: 70 }), fc.array(fc.nat(69)), (keys, order) => {
      const items = order.filter((item) => item < keys.length);
      expect([...sortedByKey(Int32Array.from(items), keys)]).toEqual([...items].sort((a, b) => keys[a]! - keys[b]!));
    }),
  ));
