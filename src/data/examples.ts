import { openScratch, type ScratchFile } from "../platform/node.ts";
import type { TextExample } from "./classification.ts";
import { IGNORED } from "./labels.ts";
import type { TokenExample } from "./tokens.ts";

/** An example of any task, tokenised. */
export type Example = TextExample | TokenExample;

/** Tokenised examples by number. What decides batches and memory is at hand; the tokens themselves may lie on disk. */
export interface Examples extends Iterable<Example> {
  readonly length: number;
  /** Tokens of each. */
  readonly lengths: readonly number[];
  /** Labels of each that count. */
  readonly labelled: readonly number[];
  /** Largest token id of all. */
  readonly largestId: number;
  at(row: number): Example;
  /** Gives back what lies on disk. */
  close(): void;
}

/** Label positions of an example that count. */
export const labelsIn = (example: Example): number =>
  "labels" in example ? example.labels.reduce((n, label) => n + (label === IGNORED ? 0 : 1), 0) : 1;

/** The same examples, or others made of them, of the same lengths. */
export function mapExamples(examples: Examples, map: (example: Example, row: number) => Example): Examples {
  const { length, lengths, labelled, largestId } = examples;
  const at = (row: number): Example => map(examples.at(row), row);
  return { length, lengths, labelled, largestId, at, close: () => examples.close(), ...iterable(length, at) };
}

/** What makes numbered things iterable. */
export const iterable = <T>(length: number, at: (row: number) => T): Iterable<T> => ({
  *[Symbol.iterator]() {
    for (let row = 0; row < length; row++) yield at(row);
  },
});

/** Bytes of tokens that are held in memory; the examples after them lie on disk. */
const HELD_BYTES = 64 * 2 ** 20;

/** Takes examples one by one; the first are held in memory, the rest in a scratch file. */
export class ExampleStore implements Examples {
  readonly lengths: number[] = [];
  readonly labelled: number[] = [];
  largestId = -1;
  private readonly held: Example[] = [];
  private room: number;
  private file: ScratchFile | undefined;
  /** Where in the file each example begins that is not held, and where the last one ends. */
  private readonly offsets: number[] = [0];

  /** @param heldBytes Bytes of tokens to hold in memory. */
  constructor(heldBytes = HELD_BYTES) {
    this.room = heldBytes;
  }

  /** A store of examples that are at hand. */
  static of(examples: Iterable<Example>): ExampleStore {
    const store = new ExampleStore();
    for (const example of examples) store.add(example);
    return store;
  }

  get length(): number {
    return this.lengths.length;
  }

  add(example: Example): void {
    this.lengths.push(example.ids.length);
    this.labelled.push(labelsIn(example));
    for (const id of example.ids) if (id > this.largestId) this.largestId = id;
    const bytes = example.ids.byteLength * ("labels" in example ? 2 : 1);
    if (!this.file && bytes <= this.room) {
      this.held.push(example);
      this.room -= bytes;
    } else {
      this.file ??= openScratch();
      const record = pack(example);
      this.offsets.push(this.file.append(record) + record.length);
    }
  }

  at(row: number): Example {
    const held = this.held[row];
    if (held) return held;
    const place = row - this.held.length;
    const [from, to] = [this.offsets[place], this.offsets[place + 1]];
    if (!this.file || from === undefined || to === undefined)
      throw new RangeError(`no example ${row} of ${this.length}`);
    return unpack(this.file.read(from, to - from));
  }

  *[Symbol.iterator](): Generator<Example> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }
}

/** The number of labels that stands for one class of the whole text. */
const ONE_CLASS = -1;

/** Two counts, token ids, labels, all int32; then the place, UTF-8. */
function pack(example: Example): Uint8Array {
  const { ids, where } = example;
  const labels = "labels" in example ? example.labels : Int32Array.of(example.label);
  const place = new TextEncoder().encode(where);
  const numbers = new Int32Array(2 + ids.length + labels.length);
  numbers.set([ids.length, "labels" in example ? labels.length : ONE_CLASS]);
  numbers.set(ids, 2);
  numbers.set(labels, 2 + ids.length);
  const record = new Uint8Array(numbers.byteLength + place.length);
  record.set(new Uint8Array(numbers.buffer));
  record.set(place, numbers.byteLength);
  return record;
}

function unpack(record: Uint8Array<ArrayBuffer>): Example {
  const [length = 0, labels = 0] = new Int32Array(record.buffer, 0, 2);
  const count = labels === ONE_CLASS ? 1 : labels;
  const end = 4 * (2 + length + count);
  const ids = new Int32Array(record.buffer, 8, length);
  const rest = new Int32Array(record.buffer, 8 + 4 * length, count);
  const where = new TextDecoder().decode(record.subarray(end));
  return labels === ONE_CLASS ? { ids, label: rest[0] as number, where } : { ids, labels: rest, where };
}
