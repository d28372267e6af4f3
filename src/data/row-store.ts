import { openScratch, type ScratchFile } from "../platform/node.ts";

/** Bytes, about, of rows that are held as they are; beyond it all lie on disk. */
const HELD_BYTES = 32 * 2 ** 20;

/** Bytes, about, that a row takes in memory besides its text. */
const ROW_BYTES = 200;

/** Rows by number, however many: few are held in memory, many lie in a scratch file as JSON. */
export class RowStore<R> {
  private held: R[] = [];
  private room: number;
  private file: ScratchFile | undefined;
  /** Where each row begins in the file, and where the last one ends. */
  private readonly offsets: number[] = [0];

  /** @param heldBytes Bytes of rows to hold in memory. */
  constructor(heldBytes = HELD_BYTES) {
    this.room = heldBytes;
  }

  get length(): number {
    return this.file ? this.offsets.length - 1 : this.held.length;
  }

  /**
   * @param chars Characters of its text.
   * @throws {FileError} when the disk is full.
   */
  add(row: R, chars: number): void {
    if (this.file) this.write(row);
    else this.held.push(row);
    this.room -= 2 * chars + ROW_BYTES;
    if (this.file || this.room >= 0) return;
    this.file = openScratch();
    for (const one of this.held) this.write(one);
    this.held = [];
  }

  at(index: number): R {
    if (!this.file) return this.held[index] as R;
    const [from, to] = [this.offsets[index] as number, this.offsets[index + 1] as number];
    return JSON.parse(new TextDecoder().decode(this.file.read(from, to - from))) as R;
  }

  /** Gives back what lies on disk. */
  close(): void {
    this.file?.close();
    this.file = undefined;
    this.held = [];
  }

  private write(row: R): void {
    const bytes = new TextEncoder().encode(JSON.stringify(row));
    this.offsets.push((this.file as ScratchFile).append(bytes) + bytes.length);
  }
}
