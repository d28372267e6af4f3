import { yieldThread } from "#platform";
import { InterruptedError, RecipeError } from "../errors.ts";

/** A piece of work that runs in batches with others. */
export interface Queued {
  /** Its length; what runs together is padded to the longest. */
  readonly tokens: number;
}

/** Bounds of a batch. */
export interface BatchLimits {
  readonly items: number;
  /** Tokens with padding: items times the longest. */
  readonly tokens: number;
}

/** Runs a batch of one group; the results are in the order of the items. */
export type RunBatch<Item, Group, Result> = (items: readonly Item[], group: Group) => Promise<readonly Result[]>;

/** Items of a call, and what became of them. */
interface Call<Item, Group, Result> {
  readonly group: Group;
  /** Those that have not run, the shortest first. */
  waiting: Place<Item>[];
  /** Number of results that are missing. */
  missing: number;
  readonly results: Result[];
  resolve(results: Result[]): void;
  reject(reason: unknown): void;
}

/** An item, and the place of its result. */
interface Place<Item> {
  readonly item: Item;
  readonly at: number;
}

/** Tokens of padding that cost less than a run of their own. */
const FREE_PADDING = 16;
/** Share of padding in a batch of unequal lengths. */
const MAX_PADDING = 0.2;

/**
 * Runs the items of concurrent calls in batches. Calls take turns: a batch begins with an item of the call whose last turn is
 * longest ago, and is filled with items of the same group of about its length, of any call. So a long call does not hold up a short one.
 * A batch starts as soon as the one before has ended; none waits to be filled.
 */
export class BatchQueue<Item extends Queued, Group, Result> {
  readonly #run: RunBatch<Item, Group, Result>;
  readonly #limits: BatchLimits;
  /** Calls with items that wait, in the order of their turns. */
  #calls: Call<Item, Group, Result>[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(run: RunBatch<Item, Group, Result>, limits: BatchLimits) {
    this.#run = run;
    this.#limits = limits;
  }

  /**
   * Results of items, in their order.
   * @throws {InterruptedError} when `signal` aborts. A batch that is running is finished, and its results are dropped.
   * @throws {RecipeError} once the queue is closed. @throws whatever running the call's own items throws: a batch of several
   * calls that fails is run again, the items of each call apart, so that no call fails for another's text.
   */
  async submit(items: readonly Item[], group: Group, signal?: AbortSignal): Promise<Result[]> {
    if (this.#closed) throw closed();
    if (signal?.aborted) throw aborted(signal);
    if (items.length === 0) return [];
    let stop = (): void => {};
    try {
      return await new Promise((resolve, reject) => {
        const waiting = items.map((item, at) => ({ item, at })).sort((a, b) => a.item.tokens - b.item.tokens);
        const call = { group, waiting, missing: items.length, results: [], resolve, reject };
        stop = () => this.#fail([call], aborted(signal as AbortSignal));
        signal?.addEventListener("abort", stop);
        this.#calls.push(call);
        this.#draining ??= this.#drain();
      });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Finishes the batch that runs, and refuses the calls that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#fail(this.#calls, closed());
    await this.#draining;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // calls of the same moment run together
    while (this.#calls.length > 0) {
      const batch = this.#next();
      const reason = await this.#attempt(batch);
      if (reason !== undefined) {
        const calls = [...new Set(batch.map(({ call }) => call))];
        if (calls.length === 1) this.#fail(calls, reason.error);
        for (const own of calls.length > 1 ? calls : []) {
          await yieldThread();
          const again = await this.#attempt(batch.filter(({ call }) => call === own));
          if (again !== undefined) this.#fail([own], again.error);
        }
      }
      await yieldThread(); // the engine held the thread: let new calls in
    }
    this.#draining = undefined;
  }

  /** Runs a batch, and settles its items; what was thrown, if anything was. */
  async #attempt(batch: readonly Taken<Item, Group, Result>[]): Promise<{ readonly error: unknown } | undefined> {
    const { group } = (batch[0] as Taken<Item, Group, Result>).call;
    try {
      const results = await this.#run(batch.map(({ place: { item } }) => item), group); // biome-ignore format: one call
      for (const [i, { call, place }] of batch.entries()) this.#settle(call, place.at, results[i] as Result);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Takes the items of the next batch, and gives the call that it began with its next turn last. */
  #next(): Taken<Item, Group, Result>[] {
    const [first, ...others] = this.#calls as [Call<Item, Group, Result>, ...Call<Item, Group, Result>[]];
    const seed = (first.waiting[0] as Place<Item>).item.tokens;
    const distance = ({ place }: Taken<Item, Group, Result>): number => Math.abs(place.item.tokens - seed);
    const candidates = [first, ...others.filter(({ group }) => group === first.group)]
      .flatMap((call) => call.waiting.slice(0, this.#limits.items).map((place) => ({ call, place })))
      .sort((a, b) => distance(a) - distance(b));
    const batch: Taken<Item, Group, Result>[] = [];
    let [longest, total] = [0, 0];
    for (const taken of candidates) {
      const { tokens } = taken.place.item;
      const [length, sum] = [Math.max(longest, tokens), total + tokens];
      const padded = length * (batch.length + 1);
      const fits = padded <= this.#limits.tokens && padded - sum <= FREE_PADDING + MAX_PADDING * padded;
      if (batch.length > 0 && !fits) continue;
      batch.push(taken);
      [longest, total] = [length, sum];
      if (batch.length === this.#limits.items) break;
    }
    const gone = new Set(batch.map(({ place }) => place));
    for (const call of new Set(batch.map(({ call }) => call))) {
      call.waiting = call.waiting.filter((place) => !gone.has(place));
    }
    this.#calls = [...others, first].filter(({ waiting }) => waiting.length > 0);
    return batch;
  }

  #settle(call: Call<Item, Group, Result>, at: number, result: Result): void {
    call.results[at] = result;
    call.missing -= 1;
    if (call.missing === 0) call.resolve(call.results);
  }

  #fail(calls: readonly Call<Item, Group, Result>[], reason: unknown): void {
    for (const call of calls) call.reject(reason);
    this.#calls = this.#calls.filter((call) => !calls.includes(call));
  }
}

/** An item that was taken for a batch, and its call. */
interface Taken<Item, Group, Result> {
  readonly call: Call<Item, Group, Result>;
  readonly place: Place<Item>;
}

const closed = (): RecipeError => new RecipeError("the model is closed.", { hint: "open it again." });

const aborted = ({ reason }: AbortSignal): InterruptedError =>
  new InterruptedError("the call was aborted before it had its results.", { cause: reason });
