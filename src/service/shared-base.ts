import { openTrained, type TrainedModel } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { refuseOtherTask } from "../assemble/supported-head.ts";
import { type AdapterSource, keyOfFiles, namedAdapter } from "../formats/hub/model-files.ts";
import type { ParamValue } from "../ir/graph.ts";
import { savesWhole } from "../methods/index.ts";
import type { Engine } from "../prepared/engine.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RuntimeTensor, Session } from "../session/session.ts";
import type { Asked } from "../tasks/definition.ts";
import { unpackedBlocks } from "../training/memory/unpacked-blocks.ts";
import { shareFrozen } from "../verbs/stays-open.ts";
import { type Device, onDevice, type TrainedSource, withEngine } from "../verbs/trained-source.ts";

/** A model that answers: a base with an adapter or without. */
export interface Served {
  readonly model: Prepared;
  readonly asked: Asked;
  /** Parameters that no file holds: they are random. */
  readonly fresh: readonly string[];
  readonly warnings: readonly string[];
}

/** A trained model that can be opened. */
export type OpenableSource = Pick<TrainedSource, "recipe" | "open" | "release">;

/** A session, and the model that others may share it for. */
interface Compiled {
  readonly session: Session;
  readonly bytes?: Uint8Array;
}

/**
 * A base model whose adapters share its weights in memory, and its session where they have the same shape. Whatever was opened
 * stays open until `close`.
 */
export class SharedBase {
  readonly #source: OpenableSource;
  /** Weights of the base, shared by all adapters. */
  readonly #frozen: Weights = new Map();
  readonly #compiled: Compiled[] = [];
  readonly #device: Device | undefined;
  /** The engine of all models, once the first was checked on it. */
  #engine: Engine | undefined;
  readonly #served = new Map<string | undefined, Promise<Served>>();

  /**
   * @param source The model that answers where no other adapter is named.
   * @param device Default: as its recipe says.
   */
  constructor(source: OpenableSource, device?: Device) {
    this.#source = source;
    this.#device = device;
  }

  /**
   * A model that answers; opened at the first call, one after the other.
   * @param adapter Folder, Hub id or files of an adapter for the base; files of the same content are one adapter. Default: as the
   *   source has it.
   * @throws {LowrankError} when it is not usable; the next call tries again.
   */
  get(adapter?: AdapterSource): Promise<Served> {
    return typeof adapter === "object"
      ? keyOfFiles(adapter).then((key) => this.#get(key, adapter))
      : this.#get(adapter, adapter);
  }

  #get(key: string | undefined, adapter: AdapterSource | undefined): Promise<Served> {
    const known = this.#served.get(key);
    if (known) return known;
    const before = Promise.resolve([...this.#served.values()].at(-1)).catch(() => {});
    const opened = before.then(() => this.#open(adapter));
    this.#served.set(key, opened);
    opened.catch(() => this.#served.delete(key));
    return opened;
  }

  /** Frees what the engine holds, and what the source wrote to disk. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#served.values());
    for (const { session } of this.#compiled.splice(0)) await session.close();
    await this.#source.release();
  }

  async #open(adapter: AdapterSource | undefined): Promise<Served> {
    if (adapter !== undefined) return this.#openAdapter(adapter);
    const opened = await this.#source.open(this.#frozen, unpackedBlocks);
    if (!savesWhole(opened.model.source.recipe.method)) await this.#source.release();
    return this.#serve(opened);
  }

  async #openAdapter(adapter: AdapterSource): Promise<Served> {
    const { name, release } = await namedAdapter(adapter);
    try {
      const recipe = await recipeFor(name, this.#source.recipe);
      return await this.#serve(await openTrained(recipe, name, undefined, this.#frozen, unpackedBlocks));
    } finally {
      await release();
    }
  }

  async #serve(found: TrainedModel): Promise<Served> {
    const opened = this.#engine ? withEngine(found, this.#engine) : await onDevice(found, this.#device);
    this.#engine = opened.model.engine;
    const { model, weights, fresh, warnings } = opened;
    const whole = savesWhole(model.source.recipe.method);
    shareFrozen(model.graph, weights, this.#frozen);
    const changing = whole ? {} : tensorsOf(model.graph.params.filter(({ origin }) => origin.trainable), weights); // biome-ignore format: one call
    const session = await this.#session(opened, whole);
    return {
      model,
      asked: { session: withTensors(session, changing), graph: model.graph, padId: model.tokenizer.padId },
      fresh,
      warnings,
    };
  }

  /**
   * The session that runs a model: one that is open already, where only the numbers of the adapter differ.
   * @param whole True when no other model shares the weights, as those of full fine-tuning.
   */
  async #session({ model: { graph, engine }, weights }: TrainedModel, whole: boolean): Promise<Session> {
    const emitted = await engine.emit(
      graph,
      ({ dtype, origin }) => dtype === "float32" && (whole || !origin.trainable),
    );
    if (whole) return this.#opened({ session: await engine.open(emitted, weights) });
    const known = this.#compiled.find(({ bytes }) => bytes && areEqual(bytes, emitted.bytes));
    if (known) return known.session;
    return this.#opened({ session: await engine.open(emitted, this.#frozen), bytes: emitted.bytes });
  }

  #opened(compiled: Compiled): Session {
    this.#compiled.push(compiled);
    return compiled.session;
  }
}

/** The recipe of an adapter on a base that is open: how the base is held stays. @throws {AdapterError} for an adapter of another task. */
async function recipeFor(adapter: string, base: ResolvedRecipe): Promise<ResolvedRecipe> {
  await refuseOtherTask(base.task_type, adapter);
  const own = await recipeOfTrained(adapter, base.model_name_or_path);
  return { ...own, ...Object.fromEntries(QUANTIZATION_KEYS.map((key) => [key, base[key]])), dtype: base.dtype };
}

const tensorsOf = (params: readonly ParamValue[], weights: Weights): Record<string, RuntimeTensor> =>
  Object.fromEntries(params.map(({ origin }) => [origin.name, weights.get(origin.name) as RuntimeTensor]));

/** A session that is fed some tensors at every run. Closing it is up to who opened it. */
const withTensors = (session: Session, tensors: Readonly<Record<string, RuntimeTensor>>): Session => ({
  run: (feeds, outputs) => session.run({ ...tensors, ...feeds }, outputs),
  weightsChanged: (names) => session.weightsChanged(names),
  close: async () => {},
});

const areEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);
