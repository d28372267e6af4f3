/** A character that is not complete yet decodes to this. */
const INCOMPLETE = "\uFFFD";

/**
 * Turns tokens into text as they come: a character that takes several tokens is held back until it is whole, and what
 * may be the start of a stop string until it is known not to be one.
 */
export class TextStream {
  /** True when a stop string occurred: nothing follows. */
  stopped = false;
  readonly #decode: (ids: readonly number[]) => string;
  readonly #stop: readonly string[];
  readonly #ids: number[] = [];
  #given = "";

  constructor(decode: (ids: readonly number[]) => string, stop: readonly string[] = []) {
    this.#decode = decode;
    this.#stop = stop.filter((text) => text !== "");
  }

  /** Takes the next token; returns the text that is sure by now, often none. */
  push(id: number): string {
    this.#ids.push(id);
    const text = this.#decode(this.#ids);
    const found = this.#stop.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    if (found.length > 0) {
      this.stopped = true;
      return this.#give(text.slice(0, Math.min(...found)));
    }
    return text.endsWith(INCOMPLETE) ? "" : this.#give(text.slice(0, text.length - this.#heldBack(text)));
  }

  /** Returns the buffered text at the end. */
  end(): string {
    return this.stopped ? "" : this.#give(this.#decode(this.#ids));
  }

  /** Length of the longest end of `text` that a stop string begins with. */
  #heldBack(text: string): number {
    const longest = (stop: string): number => {
      for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n;
      return 0;
    };
    return Math.max(0, ...this.#stop.map(longest));
  }

  #give(text: string): string {
    if (text.length <= this.#given.length) return "";
    const news = text.slice(this.#given.length);
    this.#given = text;
    return news;
  }
}
