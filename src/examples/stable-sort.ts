/**
 * Sorts items by their keys, ascending; items of equal keys keep their order. Merges runs of twice the length each time: a typed
 * array's own `sort` with a comparison copies it into plain arrays, which take several times its memory.
 *
 * @param items `[n]`, indices of `keys`.
 * @returns `items` sorted, in that array or another.
 */
export function sortedByKey(items: Int32Array, keys: ArrayLike<number>): Int32Array {
  let [source, target]: [Int32Array, Int32Array] = [items, new Int32Array(items.length)];
  for (let run = 1; run < items.length; run *= 2) {
    for (let start = 0; start < items.length; start += 2 * run) {
      const mid = Math.min(start + run, items.length);
      merge(source, target, keys, start, mid, Math.min(mid + run, items.length));
    }
    [source, target] = [target, source];
  }
  return source;
}

/** Merges two sorted runs that lie side by side. */
function merge(
  source: Int32Array,
  target: Int32Array,
  keys: ArrayLike<number>,
  start: number,
  mid: number,
  end: number,
): void {
  let [left, right, at] = [start, mid, start];
  let leftKey = keys[source[left]!]!;
  let rightKey = keys[source[right]!]!;
  while (left < mid && right < end) {
    if (leftKey <= rightKey) {
      target[at++] = source[left++]!;
      leftKey = keys[source[left]!]!;
    } else {
      target[at++] = source[right++]!;
      rightKey = keys[source[right]!]!;
    }
  }
  while (left < mid) target[at++] = source[left++]!;
  while (right < end) target[at++] = source[right++]!;
}
