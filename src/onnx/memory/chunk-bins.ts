import type { Chunk } from "./arena.ts";

/** Free chunks by size: bin `i` holds those from `256 · 2^i` bytes on, the smallest first, of equals the lowest. */
export class ChunkBins {
  private readonly bins: Chunk[][] = [];

  add(chunk: Chunk): void {
    chunk.free = true;
    const bin = this.binOf(chunk.size);
    const at = bin.findIndex((other) => isBefore(chunk, other));
    bin.splice(at === -1 ? bin.length : at, 0, chunk);
  }

  remove(chunk: Chunk): void {
    chunk.free = false;
    const bin = this.binOf(chunk.size);
    bin.splice(bin.indexOf(chunk), 1);
  }

  /** The smallest chunk of at least `size` bytes, no longer free. */
  take(size: number): Chunk | undefined {
    for (let i = numberOf(size); i < this.bins.length; i++) {
      const found = this.bins[i]?.find((chunk) => chunk.size >= size);
      if (!found) continue;
      this.remove(found);
      return found;
    }
    return undefined;
  }

  private binOf(size: number): Chunk[] {
    const i = numberOf(size);
    while (this.bins.length <= i) this.bins.push([]);
    return this.bins[i] as Chunk[];
  }
}

const LAST = 20;
const numberOf = (size: number): number => Math.min(LAST, Math.floor(Math.log2(size / 256)));

const isBefore = (a: Chunk, b: Chunk): boolean =>
  a.size !== b.size ? a.size < b.size : a.region !== b.region ? a.region < b.region : a.at < b.at;
