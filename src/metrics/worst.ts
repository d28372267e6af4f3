/** An item of a stream, and how bad it is. */
export interface Ranked<T> {
  /** Number of the item; of equally bad ones the lower comes first. */
  readonly row: number;
  /** Loss, or any other measure that is high for the worst. */
  readonly badness: number;
  readonly item: T;
}

/** The worst items of a stream, which may come in any order. Only those are kept. */
export class Worst<T> {
  private readonly items: Ranked<T>[] = [];
  private readonly most: number;

  /** @param most Items to keep. */
  constructor(most: number) {
    this.most = most;
  }

  /**
   * Keeps an item if it is among the worst so far. One without badness is never kept: nothing is wrong with it.
   * @param item Makes the item; called only when it is kept.
   */
  offer(row: number, badness: number, item: () => T): void {
    if (!(badness > 0)) return;
    const after = this.items.findIndex((other) => badness > other.badness || (badness === other.badness && row < other.row)); // biome-ignore format: one line
    const at = after === -1 ? this.items.length : after;
    if (at >= this.most) return;
    this.items.splice(at, 0, { row, badness, item: item() });
    if (this.items.length > this.most) this.items.pop();
  }

  /** The worst first. */
  get list(): readonly Ranked<T>[] {
    return this.items;
  }
}
