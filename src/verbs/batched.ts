/** Milliseconds without a new item after which a batch is no longer held back. */
const PATIENCE_MS = 5;

/**
 * Items in batches, in their order. A batch goes out when it is full or no further item is waiting, so that whoever
 * writes into a pipe has an answer before the next line.
 */
export async function* batched<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
): AsyncGenerator<T[], void, void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let [batch, ended]: [T[], boolean] = [[], false];
  try {
    while (!ended) {
      const next = Promise.resolve(iterator.next());
      if (batch.length > 0 && !(await arrivesSoon(next))) {
        yield batch;
        batch = [];
      }
      const item = await next;
      ended = item.done === true;
      if (!item.done) batch.push(item.value);
      if (batch.length === size || (ended && batch.length > 0)) {
        yield batch;
        batch = [];
      }
    }
  } finally {
    if (!ended) void iterator.return?.(); // not awaited: it would wait for an item that may never come
  }
}

/** True when an item arrives soon. An error does not: the items before it go out first. */
async function arrivesSoon(promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arrived = promise.then(
    () => true,
    () => false,
  );
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false);
  });
  const soon = await Promise.race([arrived, late]);
  clearTimeout(timer);
  return soon;
}
