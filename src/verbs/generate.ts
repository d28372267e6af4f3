import { yieldThread } from "#platform";
import { checkVocabulary } from "../assemble/data.ts";
import { evaluationGraph } from "../assemble/graphs.ts";
import { openTrained, type TrainedModel } from "../assemble/open-trained.ts";
import { hintFor, refuseOtherTask } from "../assemble/supported-head.ts";
import { partsRenderer } from "../chat/content-parts.ts";
import type { Message } from "../chat/conversation.ts";
import { RecipeError } from "../errors.ts";
import { type AdapterSource, namedAdapter } from "../formats/hub/model-files.ts";
import { chooseToken, type SamplingOptions } from "../generation/sampling.ts";
import { TextStream } from "../generation/text-stream.ts";
import { savesWhole } from "../methods/index.ts";
import { changesAfter, longestText } from "../models/longest-text.ts";
import { endIds, turnEnd } from "../prepared/end-ids.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import type { Session } from "../session/session.ts";
import { causalLm, generates } from "../task-types/index.ts";
import { encodeBegunOnce } from "../tokenizer/single-bos.ts";
import { unpackedBlocks } from "../training/memory/unpacked-blocks.ts";
import { NotFiniteError } from "../training/scoring.ts";
import { type Cache, emptyCache, feedsAfter, grownCache, type InputShapes } from "./cache.ts";
import { Model } from "./model.ts";
import { shareFrozen, type WarnAll, warnOnce } from "./stays-open.ts";
import {
  type Device,
  onDevice,
  releasedOnError,
  type TrainedSource,
  trainedSource,
  withEngine,
} from "./trained-source.ts";

/** Options for generating text. */
export interface GenerateOptions extends SamplingOptions {
  /** Default 256. */
  readonly maxNewTokens?: number;
  /** Texts before which generation ends; they are not part of it. */
  readonly stop?: readonly string[];
  /** Same seed, same text. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Model and adapter that generate. One of `model` and `adapter` is needed. */
export interface GeneratorSource {
  /** Folder, Hub id or `.gguf` file of a causal model, or one in memory; default: the adapter's own base. */
  readonly model?: string | Model;
  /** Folder, Hub id or files of an adapter for it. */
  readonly adapter?: AdapterSource;
  /** Device that the model runs on; default: as its recipe says. */
  readonly device?: Device;
  /** Called once with each thing that a reader of the texts should know. */
  readonly onWarning?: (message: string) => void;
}

/** Facts of a complete text. */
export interface Generated {
  readonly text: string;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** Speed after the first token. */
  readonly tokensPerSecond: number;
  /** Reason for the end. */
  readonly reason: "eos" | "stop" | "length" | "aborted";
}

/** A causal model that goes on with texts. Keys and values of what it has read are kept from call to call. */
export class TextGenerator {
  readonly #recipe: ResolvedRecipe;
  /** Weights of the base, shared by all adapters. */
  readonly #shared: Weights;
  readonly #warn: WarnAll;
  readonly #release: () => Promise<void>;
  #open: Opened;
  #cache: Cache | undefined;

  private constructor(
    { recipe, release }: Pick<TrainedSource, "recipe" | "release">,
    shared: Weights,
    open: Opened,
    onWarning: (message: string) => void,
  ) {
    this.#recipe = recipe;
    this.#release = release;
    this.#shared = shared;
    this.#open = open;
    this.#warn = warnOnce(onWarning);
    this.#warn(open.warnings);
  }

  /** @throws {LowrankError} when model or adapter are not usable, or the model is no causal one. */
  static async open({ model, adapter, device, onWarning = () => {} }: GeneratorSource): Promise<TextGenerator> {
    const shared: Weights = new Map();
    const source = await trainedSource({ model, adapter });
    return releasedOnError(source.release, async () => {
      if (model instanceof Model && adapter === undefined) refuseNoText(source.recipe);
      else await refuseOtherTask(causalLm.name, source.name);
      const recipe = { ...source.recipe, task_type: causalLm.name };
      const trained = adapter === undefined ? undefined : source.name;
      const opened =
        model instanceof Model && adapter === undefined
          ? await model.open(shared, unpackedBlocks)
          : await openAdapter(recipe, trained, shared);
      const open = await compiled(await onDevice(opened, device), shared);
      if (!savesWhole(open.model.source.recipe.method)) await source.release();
      return new TextGenerator({ recipe, release: source.release }, shared, open, onWarning);
    });
  }

  /** Changes the adapter, or takes it off; the base is not read again. */
  async use(adapter: AdapterSource | undefined): Promise<void> {
    const named = adapter === undefined ? undefined : await namedAdapter(adapter);
    try {
      if (named) await refuseOtherTask(causalLm.name, named.name);
      const opened = await openAdapter(this.#recipe, named?.name, this.#shared);
      const { engine } = this.#open.model; // which was checked with the base
      const next = await compiled(withEngine(opened, engine), this.#shared);
      await this.#open.session.close();
      this.#open = next;
      this.#cache = undefined;
      this.#warn(next.warnings);
    } finally {
      await named?.release();
    }
  }

  /** The text of a conversation, up to where the model's answer begins. @throws {TokenizerError} without a chat template. */
  render(messages: readonly Message[]): string {
    const { tokenizer } = this.#open.model;
    return partsRenderer(tokenizer, "chat")(messages, { addGenerationPrompt: true, where: "chat" });
  }

  /**
   * Goes on with a text, or answers a conversation; yields the new text bit by bit.
   * @throws {RecipeError} when the prompt fills all positions that the model has; {NotFiniteError} for logits that are NaN or infinite.
   */
  async *generate(
    prompt: string | readonly Message[],
    options: GenerateOptions = {},
  ): AsyncGenerator<string, Generated, void> {
    const { maxNewTokens = 256, stop = [], seed = 0, signal } = options;
    const { tokenizer } = this.#open.model;
    const promptIds =
      typeof prompt === "string"
        ? encodeBegunOnce(prompt, tokenizer).ids // with what begins a text
        : tokenizer.encodePlain(this.render(prompt)); // the template has it
    const ends = new Set([...this.#open.ends, ...(typeof prompt === "string" ? [] : this.#turnEnd())]);
    checkVocabulary({ largestId: promptIds.reduce((a, b) => Math.max(a, b), -1) }, this.#open.model.checkpoint);
    const ids = [...promptIds];
    const stream = new TextStream((ids) => tokenizer.decode(ids), stop);
    const random = Random.seed(seed).stream("generation");
    const room = Math.min(maxNewTokens, this.#positions() - ids.length);
    let [text, reason, started] = ["", "length" as Generated["reason"], 0];
    const give = (part: string): string => {
      text += part;
      return part;
    };
    while (ids.length - promptIds.length < room) {
      await yieldThread(); // the engine holds its thread: let signals through
      if (signal?.aborted) reason = "aborted";
      if (signal?.aborted) break;
      const logits = await this.#logitsAfter(ids);
      if (started === 0) started = performance.now();
      const id = chooseToken(logits, ids, options, random);
      if (ends.has(id)) reason = "eos";
      if (ends.has(id)) break;
      ids.push(id);
      const part = give(stream.push(id));
      if (part !== "") yield part;
      if (stream.stopped) reason = "stop";
      if (stream.stopped) break;
    }
    const rest = give(stream.end());
    if (rest !== "") yield rest;
    const newTokens = ids.length - promptIds.length;
    const seconds = (performance.now() - started) / 1000;
    const tokensPerSecond = newTokens > 1 ? (newTokens - 1) / seconds : 0;
    return { text, promptTokens: promptIds.length, newTokens, tokensPerSecond, reason };
  }

  #turnEnd(): number[] {
    const { tokenizer } = this.#open.model;
    const render = partsRenderer(tokenizer, "chat");
    const end = turnEnd(tokenizer, (messages) => render(messages, { addGenerationPrompt: false, where: "chat" }));
    return end === undefined ? [] : [end];
  }

  async close(): Promise<void> {
    await this.#open.session.close();
    await this.#release();
  }

  /** The positions that the model has. @throws {RecipeError} when it is asked with more than those. */
  #positions(): number {
    return longestText(this.#open.model.checkpoint.config) ?? Number.POSITIVE_INFINITY;
  }

  /** Logits of the token after `ids`. Only what the cache does not hold is computed. */
  async #logitsAfter(ids: readonly number[]): Promise<Float32Array> {
    const past = this.#reusable(ids) ?? emptyCache(this.#open.inputs);
    const news = ids.slice(past.ids.length);
    const { logits, ...present } = await this.#open.session.run(feedsAfter(past, news, this.#open.inputs));
    this.#cache = grownCache(past, news, present);
    const data = logits?.data as Float32Array;
    const bad = data.find((logit) => !Number.isFinite(logit));
    if (bad !== undefined) throw new NotFiniteError(`the logits after ${ids.length} tokens contain ${bad}`);
    return data;
  }

  /** The cache, if it holds what the model would keep of the beginning of `ids`. */
  #reusable(ids: readonly number[]): Cache | undefined {
    const read = this.#cache?.ids ?? [];
    const { change } = this.#open;
    const begins = read.length < ids.length && read.every((id, i) => id === ids[i]);
    return begins && read.length > change === ids.length > change ? this.#cache : undefined;
  }
}

function refuseNoText({ task_type, model_name_or_path }: ResolvedRecipe): void {
  if (generates(task_type)) return;
  throw new RecipeError(`a model of task_type ${task_type} generates no text`, {
    where: model_name_or_path,
    expected: `loadModel(…, { taskType: "${causalLm.name}" })`,
    hint: hintFor(task_type),
  });
}

/** A model with or without an adapter, compiled. */
interface Opened {
  readonly model: Prepared;
  readonly session: Session;
  readonly inputs: InputShapes;
  /** The length past which what was read of a text must be read again. */
  readonly change: number;
  /** Tokens that end every text. */
  readonly ends: ReadonlySet<number>;
  readonly warnings: readonly string[];
}

const openAdapter = (recipe: ResolvedRecipe, adapter: string | undefined, shared: Weights): Promise<TrainedModel> =>
  openTrained(recipe, adapter, undefined, shared, unpackedBlocks);

async function compiled({ model, weights, warnings }: TrainedModel, shared: Weights): Promise<Opened> {
  shareFrozen(model.graph, weights, shared);
  const graph = evaluationGraph(model.source, { cache: true });
  const inputs = new Map(
    graph.inputs.flatMap(({ origin, shape }) => (origin.kind === "input" ? [[origin.name, shape] as const] : [])),
  );
  const change = changesAfter(model.checkpoint.config) ?? Number.POSITIVE_INFINITY;
  const ends = new Set([...endIds(model), ...(await model.files.generationEnds())]);
  return { model, session: await model.engine.compile(graph, weights), inputs, change, ends, warnings };
}
