import { openTrained, type TrainedModel } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { AdapterError } from "../errors.ts";
import { savesWhole } from "../methods/index.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { QUANTIZATION_KEYS } from "../recipe/quantization.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { RuntimeTensor, Session } from "../session/session.ts";
import type { Asked } from "../tasks/definition.ts";
import { unpackedBlocks } from "../training/memory/unpacked-blocks.ts";
import type { TrainedSource } from "../verbs/trained-source.ts";

/** A model that answers: a base with an adapter or without. */
export interface Served {
  readonly model: Prepared;
  readonly asked: Asked;
  /** Parameters that no file holds: they are random. */
  readonly fresh: readonly string[];
  readonly warnings: readonly string[];
}

/** A session, and what it was compiled from. */
interface Compiled {
  readonly bytes: Uint8Array;
  readonly session: Session;
}

/**
 * A base model whose adapters share its weights in memory, and its session where they have the same shape. Whatever was opened
 * stays open until `close`.
 */
export class SharedBase {
  readonly #source: TrainedSource;
  /** Weights of the base, shared by all adapters. */
  readonly #frozen: Weights = new Map();
  readonly #compiled: Compiled[] = [];
  readonly #served = new Map<string | undefined, Promise<Served>>();

  /** @param source The model that answers where no other adapter is named. */
  constructor(source: TrainedSource) {
    this.#source = source;
  }

  /**
   * A model that answers; opened at the first call, one after the other.
   * @param adapter Folder or Hub id of an adapter for the base. Default: as the source has it.
   * @throws {LowrankError} when it is not usable; the next call tries again.
   */
  get(adapter?: string): Promise<Served> {
    const known = this.#served.get(adapter);
    if (known) return known;
    const before = [...this.#served.values()].at(-1);
    const opened = Promise.resolve(before).then(
      () => this.#open(adapter),
      () => this.#open(adapter),
    );
    this.#served.set(adapter, opened);
    opened.catch(() => this.#served.delete(adapter));
    return opened;
  }

  /** Frees what the engine holds. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#served.values());
    for (const { session } of this.#compiled.splice(0)) await session.close();
  }

  async #open(adapter: string | undefined): Promise<Served> {
    const { recipe, open } = this.#source;
    const opened =
      adapter === undefined
        ? await open(this.#frozen, unpackedBlocks)
        : await openTrained(await recipeFor(adapter, recipe), adapter, undefined, this.#frozen, unpackedBlocks);
    const { model, weights, fresh, warnings } = opened;
    const whole = savesWhole(model.source.recipe.method);
    const changing: Record<string, RuntimeTensor> = {};
    for (const { origin } of model.graph.params) {
      const tensor = weights.get(origin.name);
      if (tensor && !origin.trainable) this.#frozen.set(origin.name, tensor);
      else if (tensor && !whole) changing[origin.name] = tensor;
    }
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
    const known = whole ? undefined : this.#compiled.find(({ bytes }) => areEqual(bytes, emitted.bytes));
    if (known) return known.session;
    const bound = whole ? weights : this.#frozen;
    const session = await engine.open(emitted, bound);
    this.#compiled.push({ bytes: whole ? new Uint8Array() : emitted.bytes, session });
    return session;
  }
}

/** The recipe of an adapter on a base that is open: how the base is held stays. @throws {AdapterError} for an adapter of another task. */
async function recipeFor(adapter: string, base: ResolvedRecipe): Promise<ResolvedRecipe> {
  const own = await recipeOfTrained(adapter, base.model_name_or_path);
  if (own.task_type !== base.task_type) {
    throw new AdapterError(`the adapter was trained for ${own.task_type}.`, {
      where: adapter,
      expected: `an adapter for ${base.task_type}, as the model that is open`,
    });
  }
  return { ...own, ...Object.fromEntries(QUANTIZATION_KEYS.map((key) => [key, base[key]])), dtype: base.dtype };
}

/** A session that is fed some tensors at every run. Closing it is up to who opened it. */
const withTensors = (session: Session, tensors: Readonly<Record<string, RuntimeTensor>>): Session => ({
  run: (feeds, outputs) => session.run({ ...tensors, ...feeds }, outputs),
  close: async () => {},
});

const areEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);
