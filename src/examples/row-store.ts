import { openScratch, type ScratchFile } from "#platform";
import { TypedList } from "./typed-list.ts";

/** Bytes of rows that are held in memory; beyond it all lie on disk. */
const HELD_BYTES = 16 * 2 ** 20;

/** Most bytes of UTF-8 for one unit of a string. */
const UTF8_BYTES = 3;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Rows by number, however many, as JSON: few are held in memory, many lie in a scratch file. */
export class RowStore<R> {
  /** The rows, one after the other; the last one alone once they lie in the file. */
  private bytes = new Uint8Array();
  private file: ScratchFile | undefined;
  /** Byte after each row. */
  private readonly ends = new TypedList(Float64Array);

  private readonly heldBytes: number;

  /** @param heldBytes Bytes of rows to hold in memory. */
  constructor(heldBytes = HELD_BYTES) {
    this.heldBytes = heldBytes;
  }

  /** @throws {FileError} when the disk is full. */
  add(row: R): void {
    const json = JSON.stringify(row);
    const start = this.ends.at(this.ends.length - 1) ?? 0;
    const at = this.roomFor(start, UTF8_BYTES * json.length);
    const { written } = ENCODER.encodeInto(json, this.bytes.subarray(at));
    this.file?.append(this.bytes.subarray(0, written));
    this.ends.push(start + written);
  }

  /** @returns Where to write a row of at most so many bytes. */
  private roomFor(start: number, length: number): number {
    if (!this.file && start + length > this.heldBytes) {
      this.file = openScratch();
      this.file.append(this.bytes.subarray(0, start));
      this.bytes = new Uint8Array();
    }
    const at = this.file ? 0 : start;
    if (at + length > this.bytes.length) {
      const held = this.bytes.subarray(0, at);
      this.bytes = new Uint8Array(Math.max(2 * this.bytes.length, at + length));
      this.bytes.set(held);
    }
    return at;
  }

  at(index: number): R {
    const [from, to] = [this.ends.at(index - 1) ?? 0, this.ends.at(index) as number];
    const bytes = this.file ? this.file.read(from, to - from) : this.bytes.subarray(from, to);
    return JSON.parse(DECODER.decode(bytes)) as R;
  }

  /** Gives back what lies on disk. */
  close(): void {
    this.file?.close();
    this.file = undefined;
    this.bytes = new Uint8Array();
  }
}
