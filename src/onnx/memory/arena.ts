import { ChunkBins } from "./chunk-bins.ts";
import type { Allocator } from "./lifetimes.ts";

/** A piece of a region of memory. */
export interface Chunk {
  readonly region: number;
  /** Bytes from the region's start. */
  readonly at: number;
  size: number;
  free: boolean;
  before: Chunk | undefined;
  after: Chunk | undefined;
}

const GRAIN = 256;
const FIRST_REGION = 2 ** 20;
const LARGEST_REGION = 2 ** 30;
/** A chunk is used whole when less than this, and less than half of it, would be left. */
const WORTH_SPLITTING = 2 ** 27;
/** Bytes by which touched memory is counted. */
const PAGE = 2 ** 14;

/**
 * The engine's arena, without memory: it asks the system for regions, each twice the last, hands out the smallest free
 * chunk that is large enough, joins neighbours that are free, and gives nothing back before its session closes.
 * @see onnxruntime 1.30, `BFCArena` with `kNextPowerOfTwo`.
 */
export class Arena implements Allocator<Chunk> {
  /** Bytes of all memory that was ever handed out: what of the arena is in RAM. */
  touchedBytes = 0;
  private nextRegion = FIRST_REGION;
  /** Pages of each region that were handed out at least once. */
  private readonly pages: Uint8Array[] = [];
  private readonly bins = new ChunkBins();

  allocate(bytes: number): Chunk {
    const size = Math.max(1, Math.ceil(bytes / GRAIN)) * GRAIN;
    const chunk = this.bins.take(size) ?? this.newRegion(size);
    if (chunk.size >= 2 * size || chunk.size - size >= WORTH_SPLITTING) this.split(chunk, size);
    this.touch(chunk, bytes);
    return chunk;
  }

  release(chunk: Chunk): void {
    const { before, after } = chunk;
    let whole = chunk;
    if (after?.free) {
      this.bins.remove(after);
      join(whole, after);
    }
    if (before?.free) {
      this.bins.remove(before);
      join(before, whole);
      whole = before;
    }
    this.bins.add(whole);
  }

  private newRegion(size: number): Chunk {
    const fits = this.nextRegion >= size;
    while (this.nextRegion < size) this.nextRegion *= 2;
    const region = this.pages.push(new Uint8Array(Math.ceil(this.nextRegion / PAGE))) - 1;
    const chunk = { region, at: 0, size: this.nextRegion, free: false, before: undefined, after: undefined };
    if (fits) this.nextRegion = Math.max(this.nextRegion, Math.min(LARGEST_REGION, 2 * this.nextRegion));
    return chunk;
  }

  private split(chunk: Chunk, size: number): void {
    const { region, at, after } = chunk;
    const rest: Chunk = { region, at: at + size, size: chunk.size - size, free: true, before: chunk, after };
    if (after) after.before = rest;
    chunk.after = rest;
    chunk.size = size;
    this.bins.add(rest);
  }

  private touch({ region, at }: Chunk, bytes: number): void {
    const pages = this.pages[region] as Uint8Array;
    for (let page = Math.floor(at / PAGE); page * PAGE < at + bytes; page++) {
      if (pages[page] === 0) this.touchedBytes += PAGE;
      pages[page] = 1;
    }
  }
}

/** Makes two neighbours one. */
function join(chunk: Chunk, next: Chunk): void {
  chunk.size += next.size;
  chunk.after = next.after;
  if (next.after) next.after.before = chunk;
}
