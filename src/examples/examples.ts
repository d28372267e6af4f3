import { openScratch, type ScratchFile } from "#platform";
import type { TextExample } from "./classification.ts";
import { IGNORED } from "./labels.ts";
import { type SentencesExample, textsIn } from "./sentences.ts";
import type { TargetExample } from "./targets.ts";
import type { TokenExample } from "./tokens.ts";
import { TypedList } from "./typed-list.ts";

/** An example of any task, tokenised. */
export type Example = TextExample | TokenExample | TargetExample | SentencesExample;

/** Tokenised examples by number. What decides batches and memory is at hand; the tokens themselves may lie on disk. */
export interface Examples extends Iterable<Example> {
  readonly length: number;
  /** Tokens of each. */
  readonly lengths: ArrayLike<number>;
  /** Labels of each that count. */
  readonly labelled: ArrayLike<number>;
  /** Texts of each, where a row has several; absent: one. */
  readonly texts?: ArrayLike<number> | undefined;
  /** Tokens of the longest text of each, where a row has several; absent: all of its tokens. */
  readonly longest?: ArrayLike<number> | undefined;
  /** Largest token id of all. */
  readonly largestId: number;
  at(row: number): Example;
  /** Gives back what lies on disk. */
  close(): void;
}

/** Label positions of an example that count, or its targets; a row of several texts counts once. */
export function labelsIn(example: Example): number {
  if ("ends" in example) return 1;
  if ("targets" in example) return example.targets.length;
  return "labels" in example ? example.labels.reduce((n, label) => n + (label === IGNORED ? 0 : 1), 0) : 1;
}

/** Tokens of an example's longest text. */
export const longestIn = (example: Example): number =>
  "ends" in example
    ? textsIn(example).reduce((longest, { length }) => Math.max(longest, length), 0)
    : example.ids.length;

/** Part of an example in the divisor of a step's mean loss: its labels, each counted by the weight of its class. */
export function weightIn(example: Example, weights?: readonly number[]): number {
  if (!weights) return labelsIn(example);
  const weightOf = (label: number): number => weights[label] ?? 0;
  if ("label" in example) return weightOf(example.label);
  return "labels" in example ? example.labels.reduce((sum, label) => sum + weightOf(label), 0) : labelsIn(example);
}

/** The same examples, or others made of them, of the same lengths. */
export function mapExamples(examples: Examples, map: (example: Example, row: number) => Example): Examples {
  const { length, lengths, labelled, texts, longest, largestId } = examples;
  const at = (row: number): Example => map(examples.at(row), row);
  return {
    length,
    lengths,
    labelled,
    texts,
    longest,
    largestId,
    at,
    close: () => examples.close(),
    ...iterable(length, at),
  };
}

/** Iterable over numbered items. */
export const iterable = <T>(length: number, at: (row: number) => T): Iterable<T> => ({
  *[Symbol.iterator]() {
    for (let row = 0; row < length; row++) yield at(row);
  },
});

/** Bytes of examples that are held in memory; those after them lie on disk. */
const HELD_BYTES = 64 * 2 ** 20;

/** Numbers of one block in memory. */
const BLOCK = 2 ** 18;

/** Numbers of the first block: many stores hold one example, or none. */
const FIRST_BLOCK = 2 ** 10;

/** Numbers before the tokens of a record: how many tokens it has, the kind of its labels, how many, and its place. */
const HEADER = 5;

/**
 * Takes examples one by one; the first are held in memory, the rest in a scratch file. Each is a record of numbers, and its
 * place too: a million short examples as objects would take ten times the memory of their tokens.
 */
export class ExampleStore implements Examples {
  largestId = -1;
  private readonly blocks: Int32Array<ArrayBuffer>[] = [];
  /** Numbers in the last block. */
  private used = 0;
  private held = 0;
  /** Bytes that may yet be held. */
  private room: number;
  private file: ScratchFile | undefined;
  /** The offset of each record: a number of all blocks together, then a byte of the file. */
  private readonly offsets = new TypedList(Float64Array);
  private readonly tokens = new TypedList(Int32Array);
  private readonly labels = new TypedList(Int32Array);
  private readonly textCounts = new TypedList(Int32Array);
  private readonly longestTexts = new TypedList(Int32Array);
  private readonly locations = new LocationNames();

  /** @param heldBytes Bytes of examples to hold in memory. */
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
    return this.tokens.length;
  }

  get lengths(): Int32Array {
    return this.tokens.view();
  }

  get labelled(): Int32Array {
    return this.labels.view();
  }

  get texts(): Int32Array | undefined {
    return this.textCounts.length > 0 ? this.textCounts.view() : undefined;
  }

  get longest(): Int32Array | undefined {
    return this.longestTexts.length > 0 ? this.longestTexts.view() : undefined;
  }

  add(example: Example): void {
    this.tokens.push(example.ids.length);
    this.labels.push(labelsIn(example));
    if ("ends" in example) {
      this.textCounts.push(example.ends.length);
      this.longestTexts.push(longestIn(example));
    }
    for (const id of example.ids) if (id > this.largestId) this.largestId = id;
    const record = pack(example, this.locations);
    if (!this.file && record.byteLength <= this.room) this.hold(record);
    else {
      this.file ??= openScratch();
      this.offsets.push(this.file.append(new Uint8Array(record.buffer)));
    }
  }

  private hold(record: Int32Array): void {
    const last = this.blocks.at(-1);
    if (!last || this.used + record.length > last.length) {
      this.blocks.push(new Int32Array(Math.max(last ? BLOCK : FIRST_BLOCK, record.length)));
      this.used = 0;
    }
    this.offsets.push((this.blocks.length - 1) * BLOCK + this.used);
    this.blocks.at(-1)?.set(record, this.used);
    this.used += record.length;
    this.room -= record.byteLength;
    this.held++;
  }

  at(row: number): Example {
    const offset = this.offsets.at(row);
    if (offset === undefined) throw new RangeError(`no example ${row} of ${this.length}`);
    if (row < this.held) {
      const block = this.blocks[Math.floor(offset / BLOCK)] as Int32Array<ArrayBuffer>;
      return unpack(block.subarray(offset % BLOCK), this.locations);
    }
    if (!this.file) throw new RangeError(`example ${row} was given back`);
    const labels = new Int32Array(this.file.read(offset + 4 * LABEL_COUNT, 4).buffer)[0] as number;
    const numbers = HEADER + (this.tokens.at(row) as number) + labels;
    return unpack(new Int32Array(this.file.read(offset, 4 * numbers).buffer), this.locations);
  }

  *[Symbol.iterator](): Generator<Example> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }
}

/** Places as two numbers: `data.jsonl:17` is the 17 of `data.jsonl:…`. */
class LocationNames {
  private readonly forms: string[] = [];
  private readonly numbers = new Map<string, number>();

  /** The number of the form, and the place's own; −1 for a place without one. */
  split(where: string): [form: number, place: number] {
    const [, before = "", digits = "", after = ""] = /^(.*\D|)(\d{1,9})(\D*)$/s.exec(where) ?? [];
    const plain = String(Number(digits)) === digits && !where.includes("\0");
    const place = plain ? Number(digits) : -1;
    return [this.numberOf(place === -1 ? where : `${before}\0${after}`), place];
  }

  join(form: number, place: number): string {
    const text = this.forms[form] as string;
    return place === -1 ? text : text.replace("\0", String(place));
  }

  private numberOf(form: string): number {
    const known = this.numbers.get(form);
    if (known !== undefined) return known;
    this.numbers.set(form, this.forms.length);
    return this.forms.push(form) - 1;
  }
}

/** Place of the number of labels in a record. */
const LABEL_COUNT = 2;

/** Kinds of labels: a class of the text, one for each token, targets, ends of several texts with their score. */
const KINDS = { class: 0, tokens: 1, targets: 2, sentences: 3 } as const;

/** Labels of an example as integers; those of targets and scores have their bits. */
function labelsOf(example: Example): readonly [kind: number, labels: Int32Array] {
  if ("ends" in example) {
    const score = new Int32Array(Float32Array.of(example.score ?? Number.NaN).buffer);
    return [KINDS.sentences, Int32Array.of(...example.ends, ...score)];
  }
  if ("labels" in example) return [KINDS.tokens, example.labels];
  if ("targets" in example) return [KINDS.targets, new Int32Array(example.targets.slice().buffer)];
  return [KINDS.class, Int32Array.of(example.label)];
}

/** Number of tokens, kind and number of labels, the place, token ids, labels. */
function pack(example: Example, locations: LocationNames): Int32Array<ArrayBuffer> {
  const { ids, where } = example;
  const [kind, labels] = labelsOf(example);
  const record = new Int32Array(HEADER + ids.length + labels.length);
  record.set([ids.length, kind, labels.length, ...locations.split(where)]);
  record.set(ids, HEADER);
  record.set(labels, HEADER + ids.length);
  return record;
}

/** @param record Its numbers, and maybe others after them. */
function unpack(record: Int32Array<ArrayBuffer>, locations: LocationNames): Example {
  const [length = 0, kind, count = 0, form = 0, place = 0] = record;
  const end = HEADER + length;
  const ids = record.slice(HEADER, end);
  const labels = record.slice(end, end + count);
  const where = locations.join(form, place);
  if (kind === KINDS.tokens) return { ids, labels, where };
  if (kind === KINDS.targets) return { ids, targets: new Float32Array(labels.buffer), where };
  if (kind === KINDS.class) return { ids, label: labels[0] as number, where };
  const [score = Number.NaN] = new Float32Array(labels.slice(-1).buffer);
  return { ids, ends: labels.slice(0, -1), where, ...(!Number.isNaN(score) && { score }) };
}
