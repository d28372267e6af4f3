import { CheckpointError, type ErrorDetail } from "../../errors.ts";

/** Thrown when more of the file has to be read: it is long enough, its beginning that is at hand is not. */
export class MoreNeeded extends Error {
  /** Bytes from the start of the file. */
  readonly bytes: number;

  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a GGUF header from the beginning of its file, value by value, little-endian. Nothing is read, and nothing
 * allocated, that the file is too short for.
 */
export class GgufCursor {
  /** Offset of the next value. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;
  readonly #path: string;

  /**
   * @param bytes The beginning of the file, or all of it.
   * @param fileBytes Length of the whole file.
   */
  constructor(bytes: Uint8Array, fileBytes: number, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileBytes = fileBytes;
    this.#path = path;
  }

  /** The refusal of this file. */
  fail(what: string, detail: ErrorDetail = {}): CheckpointError {
    return new CheckpointError(`${this.#path}: ${what}`, detail);
  }

  /**
   * Goes past `length` bytes and returns where they begin.
   * @param what What they are, for the message when the file ends before they do.
   * @throws {MoreNeeded} when the file has them, but not the part at hand.
   */
  take(length: number, what: string): number {
    const begin = this.at;
    if (length > this.#fileBytes - begin) {
      throw new CheckpointError(`${this.#path} is truncated: it ends inside ${what}`, {
        where: `byte ${begin}: ${length} more are needed, but the file has only ${this.#fileBytes} in total`,
        hint: "copy or download it again.",
      });
    }
    if (begin + length > this.#bytes.length) throw new MoreNeeded(begin + length);
    this.at = begin + length;
    return begin;
  }

  u32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.take(8, what), true);
  }

  /**
   * A length or count that the rest of the file has room for.
   * @param each Fewest bytes that one of them takes.
   */
  count(what: string, each: number): number {
    const count = this.u64(what);
    const room = BigInt(Math.floor((this.#fileBytes - this.at) / each));
    if (count <= room) return Number(count);
    throw this.fail(`${what} is ${count}, more than fits into the file`, {
      where: `byte ${this.at - 8} of ${this.#fileBytes}`,
      hint: "the file is damaged or truncated; no memory was allocated for it.",
    });
  }

  /** A length, and as many bytes of UTF-8. */
  string(what: string): string {
    const length = this.count(`the length of ${what}`, 1);
    const begin = this.take(length, what);
    try {
      return UTF8.decode(this.#bytes.subarray(begin, this.at));
    } catch (cause) {
      throw this.fail(`${what} is not UTF-8`, { where: `bytes ${begin} to ${this.at}`, cause });
    }
  }

  /** `length` bytes in a buffer of their own. */
  bytes(length: number, what: string): ArrayBuffer {
    const begin = this.take(length, what);
    return this.#bytes.slice(begin, begin + length).buffer as ArrayBuffer;
  }
}
