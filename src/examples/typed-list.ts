/** Numbers of a list before it first grows. */
const FIRST = 16;

/**
 * A list of numbers in a typed array that doubles when it is full: 4 or 8 bytes for each number. A plain array of a million numbers
 * is copied by the garbage collector, and takes twice as much while it grows.
 */
export class TypedList<Numbers extends Int32Array | Float64Array> {
  length = 0;
  private readonly Type: new (
    length: number,
  ) => Numbers;
  private numbers: Numbers;

  constructor(Type: new (length: number) => Numbers) {
    this.Type = Type;
    this.numbers = new Type(FIRST);
  }

  push(number: number): void {
    if (this.length === this.numbers.length) {
      const next = new this.Type(2 * this.length);
      next.set(this.numbers);
      this.numbers = next;
    }
    this.numbers[this.length++] = number;
  }

  at(index: number): number | undefined {
    return index < this.length ? this.numbers[index] : undefined;
  }

  /** The numbers so far, without a copy: valid until the next `push`. */
  view(): Numbers {
    return this.numbers.subarray(0, this.length) as Numbers;
  }
}
