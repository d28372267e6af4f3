import { yieldThread } from "#platform";
import { DataError } from "../errors.ts";
import type { AdapterSource } from "../formats/hub/model-files.ts";
import { type EncodedText, inputOf, type Numbered } from "../verbs/each-text.ts";
import type { Model } from "../verbs/model.ts";
import type { TextInput } from "../verbs/predict-inputs.ts";
import { type WarnAll, warnOnce } from "../verbs/stays-open.ts";
import type { Device } from "../verbs/trained-source.ts";
import { BatchQueue } from "./batch-queue.ts";
import { type OpenableSource, type Served, SharedBase } from "./shared-base.ts";

/** Model and adapter of a service. One of the two is needed. */
export interface ServiceSource {
  /** Folder, Hub id or files of an adapter, through which its base is found, or of a whole model. */
  readonly adapter?: AdapterSource;
  /** Base model, by name or in memory. Default: the adapter's own. */
  readonly model?: string | Model;
  /** Device that the model runs on. Default: as its recipe says. */
  readonly device?: Device;
  /** Called once with each thing that a reader of the results should know. */
  readonly onWarning?: (message: string) => void;
}

/** Options of one call. */
export interface CallOptions {
  /** Adapter that answers this call; it is opened at its first use, and stays open. Default: that of the service. */
  readonly adapter?: AdapterSource;
  readonly signal?: AbortSignal;
}

/** Work of a service on texts. */
export interface TextWork<State, Encoded extends EncodedText, Result> {
  /** A result, with its article, as in `a label`. */
  readonly result: readonly [article: string, name: string];
  /** Whatever encoding and running need of a model. @throws {LowrankError} when the model does not fit. */
  accept(served: Served): State;
  encode(input: Numbered, served: Served, state: State): Encoded;
  run(encoded: readonly Encoded[], served: Served, state: State): Promise<readonly Result[]>;
}

/** A model that was found to fit, with what its work needs. */
interface Ready<State> {
  readonly served: Served;
  readonly state: State;
}

/** An encoded text that waits for its batch. */
interface Item<Encoded> {
  readonly encoded: Encoded;
  readonly tokens: number;
}

/** Texts that are tokenized before other calls have the thread. */
const SLICE = 64;

/** Bounds of a batch: more does not make a CPU faster, and a run holds the thread. */
const LIMITS = { items: 16, tokens: 2048 };

/**
 * Answers texts: what classes for single tasks have in common. Calls may overlap; their texts run in batches, those of similar
 * length together.
 */
export class TextService<State, Encoded extends EncodedText, Result extends object> {
  readonly #base: SharedBase;
  readonly #work: TextWork<State, Encoded, Result>;
  readonly #queue: BatchQueue<Item<Encoded>, Ready<State>, Result>;
  readonly #ready = new Map<Served, Ready<State>>();
  readonly #warn: WarnAll;
  #adapter: AdapterSource | undefined;

  private constructor(base: SharedBase, work: TextWork<State, Encoded, Result>, warn: WarnAll) {
    this.#base = base;
    this.#work = work;
    this.#warn = warn;
    const run = (items: readonly Item<Encoded>[], { served, state }: Ready<State>): Promise<readonly Result[]> =>
      work.run(items.map(({ encoded }) => encoded), served, state); // biome-ignore format: one call
    this.#queue = new BatchQueue(run, LIMITS);
  }

  /** Opens the model, so that the first call does not wait for it. @throws {LowrankError} when it does not fit the work. */
  static async open<State, Encoded extends EncodedText, Result extends object>(
    source: OpenableSource,
    work: TextWork<State, Encoded, Result>,
    { onWarning = () => {}, device }: Pick<ServiceSource, "onWarning" | "device">,
  ): Promise<TextService<State, Encoded, Result>> {
    const service = new TextService(new SharedBase(source, device), work, warnOnce(onWarning));
    try {
      await service.#get(undefined);
    } catch (error) {
      await service.close();
      throw error;
    }
    return service;
  }

  /** Results of texts, in their order; a text that has none has its reason. */
  async all(texts: readonly (string | TextInput)[], { adapter, signal }: CallOptions = {}): Promise<Result[]> {
    const ready = await this.#get(adapter ?? this.#adapter);
    const items: Item<Encoded>[] = [];
    for (const [index, text] of texts.entries()) {
      if (index > 0 && index % SLICE === 0) await yieldThread();
      if (signal?.aborted) break; // the queue refuses the call
      const encoded = this.#work.encode({ index, ...inputOf(text) }, ready.served, ready.state);
      items.push({ encoded, tokens: encoded.example?.ids.length ?? 0 });
    }
    return this.#queue.submit(items, ready, signal);
  }

  /** Result of a text. @throws {DataError} when it has none. */
  async one(text: string | TextInput, options?: CallOptions): Promise<Result> {
    const [result] = (await this.all([text], options)) as [Result];
    if (!("error" in result)) return result;
    const [, name] = this.#work.result;
    throw new DataError(`the text has no ${name}: ${result.error}`, { expected: "a text with words" });
  }

  /** Changes the adapter of calls that name none, once it is open. @throws {AdapterError} when it does not fit; the one before stays. */
  async use(adapter: AdapterSource | undefined): Promise<void> {
    await this.#get(adapter);
    this.#adapter = adapter;
  }

  /** Finishes the batch that runs, refuses the calls that wait, and frees the model. */
  async close(): Promise<void> {
    await this.#queue.close();
    await this.#base.close();
  }

  async #get(adapter: AdapterSource | undefined): Promise<Ready<State>> {
    const served = await this.#base.get(adapter);
    const known = this.#ready.get(served);
    if (known) return known;
    const ready = { served, state: this.#work.accept(served) };
    this.#ready.set(served, ready);
    this.#warn(served.warnings);
    return ready;
  }
}

/** A model for texts that stays open. */
export abstract class TextModel<State, Encoded extends EncodedText, Result extends object> {
  protected readonly texts: TextService<State, Encoded, Result>;

  protected constructor(texts: TextService<State, Encoded, Result>) {
    this.texts = texts;
  }

  /** Changes the adapter of later calls; the base is not read again. */
  use(adapter: AdapterSource | undefined): Promise<void> {
    return this.texts.use(adapter);
  }

  /** Finishes the batch that runs, refuses the calls that wait, and frees the model. */
  close(): Promise<void> {
    return this.texts.close();
  }
}
