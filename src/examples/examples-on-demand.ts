import { type Encoded, RowCount } from "./encode.ts";
import { type Example, iterable } from "./examples.ts";
import type { RowStore } from "./row-store.ts";
import { TypedList } from "./typed-list.ts";

/** Rows that are tokenised to learn how many tokens a character makes. */
const SAMPLE = 256;

/** A row that says where it was read (`file:line`). */
export interface Placed {
  readonly where: string;
}

/** Rows of a split, kept to be tokenised when a batch asks for them. */
export interface CheckedRows<R extends Placed> {
  readonly rows: RowStore<R>;
  /** Characters of each row's text. */
  readonly chars: ArrayLike<number>;
  /** Numbers of the rows whose text has no letter and no digit, ascending: they may have nothing to train on. */
  readonly blank: ArrayLike<number>;
}

/** Encoding of kept rows as examples, one label each. */
export interface OnDemandOptions<R> {
  encode(row: R): Example;
  /** True when a blank row has anything to train on. */
  trains(row: R): boolean;
  readonly maxLength: number;
  /** Largest token id there may be. */
  readonly largestId: number;
}

/**
 * Examples that are tokenised when they are asked for, each time anew, so that training starts at once and memory does not
 * grow with the rows. The same row gives the same example whenever it is asked for.
 *
 * Lengths are estimates: characters by the tokens that a character makes in a sample, none longer than `maxLength`. They decide
 * which rows share a batch, and what memory is planned.
 */
export function examplesOnDemand<R extends Placed>(
  { rows, chars, blank }: CheckedRows<R>,
  { encode, trains, maxLength, largestId }: OnDemandOptions<R>,
): Encoded {
  const skipped = new RowCount();
  const found = new TypedList(Int32Array);
  for (let [row, next] = [0, 0]; row < chars.length; row++) {
    if (row === blank[next]) {
      next++;
      const looked = rows.at(row);
      if (!trains(looked)) {
        skipped.add(looked.where);
        continue;
      }
    }
    found.push(row);
  }
  const kept = found.view();
  const tokensOf = estimate(kept, chars, (row) => encode(rows.at(row)).ids.length, maxLength);
  const at = (row: number): Example => encode(rows.at(kept[row] as number));
  const examples = {
    ...{ length: kept.length, lengths: kept.map((row) => tokensOf(chars[row] as number)), largestId },
    labelled: new Uint8Array(kept.length).fill(1),
    ...{ at, close: () => rows.close(), ...iterable(kept.length, at) },
  };
  return { examples, skipped };
}

/** Tokens by characters: a line through a sample of rows from all parts of the data. */
function estimate(
  kept: Int32Array,
  chars: ArrayLike<number>,
  tokensIn: (row: number) => number,
  maxLength: number,
): (chars: number) => number {
  const every = Math.max(1, Math.floor(kept.length / SAMPLE));
  const sample = Array.from({ length: Math.ceil(kept.length / every) }, (_, i) => {
    const row = kept[i * every] as number;
    return { x: chars[row] as number, y: tokensIn(row) };
  });
  const whole = sample.filter(({ y }) => y < maxLength);
  if (whole.length === 0) return () => maxLength;
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    whole.reduce((sum, point) => sum + of(point), 0) / whole.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = mean((point) => (point.x - x) ** 2);
  const slope = spread > 0 ? Math.max(0, mean((point) => (point.x - x) * (point.y - y)) / spread) : 0;
  return (chars) => Math.min(maxLength, Math.max(1, Math.round(y + slope * (chars - x))));
}
