import { type Examples, iterable } from "./examples.ts";
import { IGNORED } from "./labels.ts";
import { sortedByKey } from "./stable-sort.ts";
import type { TokenExample } from "./tokens.ts";

/** Several examples in one row of a batch; none sees or predicts another. */
export interface PackedExample extends TokenExample {
  /** `[ids.length]`: the number of each token's document, from 1. A token attends to its own document only. */
  readonly documents: Int32Array;
  /** `[ids.length]`: the place of each token in its document, from 0. */
  readonly positions: Int32Array;
}

/** A row that is being filled. */
interface Bin {
  /** Numbers of its examples. */
  readonly rows: number[];
}

/**
 * Packs examples into as few rows as best-fit decreasing finds: the longest first, each into the row that it fills
 * most; of equals the first. The same examples give the same rows.
 *
 * @param examples With labels for each token, none longer than `maxLength`.
 * @returns Rows in the order in which they were opened, the longest example's first; put together when they are asked for.
 * @see Ding et al. 2024, "Fewer Truncations Improve Language Modeling", arXiv:2404.10830; TRL's `bfd`.
 */
export function packExamples(examples: Examples, maxLength: number): Examples {
  const { lengths, labelled, largestId } = examples;
  const bins: Bin[] = [];
  const open = new OpenBins();
  for (const row of byLength(lengths)) {
    const length = lengths[row] as number;
    const found = open.take(length);
    const { bin, space } = found ?? { bin: { rows: [] }, space: maxLength };
    if (!found) bins.push(bin);
    bin.rows.push(row);
    open.put(bin, space - length);
  }
  const sums = (of: ArrayLike<number>): Int32Array =>
    Int32Array.from(bins, ({ rows }) => rows.reduce((sum, row) => sum + (of[row] as number), 0));
  const at = (row: number): PackedExample =>
    joined((bins[row]?.rows ?? []).map((part) => examples.at(part) as TokenExample));
  return {
    ...{ length: bins.length, lengths: sums(lengths), labelled: sums(labelled), largestId },
    ...{ at, close: () => examples.close(), ...iterable(bins.length, at) },
  };
}

/** Row numbers, the longest first; of equals the first. */
const byLength = (lengths: ArrayLike<number>): Int32Array =>
  sortedByKey(
    new Int32Array(lengths.length).map((_, row) => row),
    Int32Array.from(lengths, (length) => -length),
  );

/** Rows with room left, by how much; of equals the one that came first is taken first. */
class OpenBins {
  /** Ascending, none twice. */
  private readonly spaces: number[] = [];
  private readonly bins = new Map<number, Bin[]>();

  /** The row with the least room that is enough. */
  take(length: number): { bin: Bin; space: number } | undefined {
    const at = this.firstFrom(length);
    const space = this.spaces[at];
    const queue = space === undefined ? undefined : this.bins.get(space);
    const bin = queue?.shift();
    if (space === undefined || !bin) return undefined;
    if (queue?.length === 0) this.spaces.splice(at, 1);
    return { bin, space };
  }

  put(bin: Bin, space: number): void {
    if (space <= 0) return;
    const queue = this.bins.get(space) ?? [];
    if (queue.length === 0) this.spaces.splice(this.firstFrom(space), 0, space);
    queue.push(bin);
    this.bins.set(space, queue);
  }

  /** Index of the first space that is at least `length`. */
  private firstFrom(length: number): number {
    let [low, high] = [0, this.spaces.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.spaces[mid]! < length) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}

function joined(examples: readonly TokenExample[]): PackedExample {
  const total = examples.reduce((sum, { ids }) => sum + ids.length, 0);
  const array = () => new Int32Array(total);
  const [ids, labels, documents, positions] = [array(), array(), array(), array()];
  let at = 0;
  examples.forEach((example, i) => {
    const end = at + example.ids.length;
    ids.set(example.ids, at);
    labels.set(example.labels, at);
    labels[end - 1] = IGNORED; // the next token is another document's
    documents.fill(i + 1, at, end);
    for (let place = at; place < end; place++) positions[place] = place - at;
    at = end;
  });
  const more = examples.length - 1;
  const where = `${examples[0]?.where}${more > 0 ? ` and ${more} more` : ""}`;
  return { ids, labels, documents, positions, where };
}
