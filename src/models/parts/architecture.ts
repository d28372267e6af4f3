import type { z } from "zod";
import { ArchitectureError, CheckpointError } from "../../errors.ts";
import { Graph, type Init, type Value } from "../../ir/graph.ts";
import type { Shape } from "../../ir/types.ts";
import { classifies, embeds, type TaskType } from "../../task-types/index.ts";
import { outOfRange } from "./config-ranges.ts";
import type { FamilyFiles } from "./files.ts";
import { type BuildOptions, ModuleScope } from "./scope.ts";

/** The model's inputs: integers, `[batch, seq]` unless said. An input is part of the graph once it is read. */
export interface ModelInputs {
  readonly ids: Value;
  /** 1 for real tokens, 0 for padding; of packed rows the number of the token's document. With a cache `[batch, total]`. */
  readonly mask: Value;
  readonly typeIds: Value;
  /** The place of each token in its document, from 0. */
  readonly positions: Value;
  /** Language models: the rows of `[batch*seq]` whose next token is asked for, `[rows]`; absent: all of them. */
  readonly rows: Value | undefined;
}

/** Builds a whole model for a task: the base, and the head above it. */
type TaskBuilder<Config> = (m: ModuleScope, inputs: ModelInputs, config: Config, labels: number) => Value;

/** A model's heads: what it can be trained to do. */
export type TaskBuilders<Config> = Readonly<Partial<Record<TaskType, TaskBuilder<Config>>>>;

/** Limits of the length of texts that a family's `config.json` leaves unsaid. */
export interface PositionLimits {
  /** `max_position_embeddings` where the file leaves it out; transformers' own. */
  readonly default?: number;
  /** True when positions are counted from behind the padding id. */
  readonly afterPadding?: boolean;
}

/** An architecture, written down. Parameter names are those of transformers' classes. */
export interface ArchitectureSpec<Config> {
  /** `model_type` in `config.json`. */
  readonly modelType: string;
  /** File specifics of the family. */
  readonly files?: FamilyFiles;
  /** Limits of the length of texts besides `max_position_embeddings`. */
  readonly positions?: PositionLimits;
  readonly config: z.ZodType<Config>;
  /** Prefix of the base model's names in a model with a head; a bare base checkpoint lacks it. */
  readonly basePrefix: string;
  /** Default LoRA targets: attention's query and value. */
  readonly targetModules: readonly string[];
  /** Modules above the encoder: never quantized. */
  readonly heads: readonly string[];
  /** Heads that PEFT trains and saves beside a classification adapter. */
  readonly trainedHeads: readonly string[];
  /**
   * Houlsby's two adapters of a layer: the linear module whose output one takes, before the residual is added → the
   * module that holds it, as adapter-hub names them. Both inside the layer.
   */
  readonly adapterSites: Readonly<Record<string, string>>;
  /** Module path of the list of layers, bottom first. */
  readonly layers: string;
  /** Initialization of a parameter of a model from scratch, if it differs from BERT's: normal weights, zero biases, norms of one. */
  readonly fresh?: (name: string, config: Config) => Init | undefined;
  /**
   * Logits: `[batch, labels]` for classes of texts, `[batch*seq, labels]` for those of words, `[rows, vocab]` for language models,
   * `[batch, hidden]` of embedding models, whose parameters lack the prefix of the base.
   */
  readonly tasks: TaskBuilders<Config>;
}

/** An architecture as the rest of the library sees it: its config's type is its own business. */
export interface Architecture extends Omit<ArchitectureSpec<unknown>, "tasks" | "config" | "fresh"> {
  readonly tasks: readonly TaskType[];
  /** The spec's `fresh` for a parsed `config.json`. */
  fresh(name: string, config: unknown): Init | undefined;
  /**
   * @param where The path of `config`, for messages.
   * @throws {CheckpointError} when the config lacks what this architecture needs, as `build` would without the path.
   */
  checkConfig(config: unknown, where: string): void;
  /**
   * The model as a graph with the output `logits`: names and types, no weights.
   * @param config A parsed `config.json`.
   * @throws {CheckpointError} when the config lacks what this architecture needs.
   * @throws {ArchitectureError} when the architecture has no head for the task.
   */
  build(config: unknown, task: TaskType, labels: number, options?: BuildOptions): Graph;
}

/** Makes an architecture of its spec. */
export function defineArchitecture<Config>(whole: ArchitectureSpec<Config>): Architecture {
  const { tasks, config: schema, fresh, ...spec } = whole;
  const parse = (config: unknown, where?: string): Config => {
    const parsed = schema.safeParse(config);
    if (parsed.success) {
      const wrong = outOfRange(parsed.data as Readonly<Record<string, unknown>>);
      if (!wrong) return parsed.data;
      throw new CheckpointError(`${wrong.key} of config.json is ${wrong.given}.`, {
        where: where === undefined ? wrong.key : `${where}: ${wrong.key}`,
        expected: wrong.expected,
      });
    }
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    const what = `config.json does not describe a ${spec.modelType}: ${problems.join("; ")}`;
    throw new CheckpointError(what, where === undefined ? {} : { where });
  };
  return {
    ...spec,
    tasks: Object.keys(tasks) as TaskType[],
    checkConfig: (config, where) => void parse(config, where),
    fresh: (name, config) => fresh?.(name, parse(config)),
    build(config, task, labels, options = {}) {
      const builder = tasks[task];
      if (!builder) throw noHead(spec.modelType, task, Object.keys(tasks));
      const parsed = parse(config);
      const graph = new Graph();
      graph.outputs.set(
        "logits",
        builder(new ModuleScope(graph, "", options), inputsOf(graph, options), parsed, labels),
      );
      return graph;
    },
  };
}

function inputsOf(graph: Graph, { cache = false, allRows = false }: BuildOptions): ModelInputs {
  const input = (name: string, shape: Shape = ["batch", "seq"]): Value =>
    graph.named(name) ?? graph.input(name, { dtype: "int64", shape });
  return {
    ids: input("input_ids"), // first, so that every graph has the lengths to read
    get mask() {
      return input("attention_mask", ["batch", cache ? "total" : "seq"]);
    },
    get typeIds() {
      return input("token_type_ids");
    },
    get positions() {
      return input("position_ids");
    },
    get rows() {
      return allRows ? undefined : input("label_rows", ["rows"]);
    },
  };
}

function noHead(modelType: string, task: TaskType, known: readonly string[]): ArchitectureError {
  return new ArchitectureError(`${modelType} has no head for ${task}.`, {
    where: "task_type",
    expected: known.join(", "),
  });
}

/** The architecture as a task sees it: without a head that is trained, or without a head, so that the base has no prefix. */
export function forTask(architecture: Architecture, task: TaskType): Architecture {
  if (classifies(task)) return architecture;
  const headless = { ...architecture, trainedHeads: [] };
  if (!embeds(task)) return headless;
  const { layers, basePrefix } = architecture;
  return { ...headless, layers: layers.startsWith(`${basePrefix}.`) ? layers.slice(basePrefix.length + 1) : layers };
}

/** Names that are shown as they are. */
const PLAIN_NAME = /^[\w.-]{1,80}$/;

/**
 * Picks the architecture of a config.
 * @param where The path of the config, for messages.
 * @throws {ArchitectureError} listing those that are supported.
 */
export function selectArchitecture(
  all: readonly Architecture[],
  modelType: string,
  where = "config.json",
): Architecture {
  const found = all.find((architecture) => architecture.modelType === modelType);
  if (found) return found;
  const shown = PLAIN_NAME.test(modelType) ? modelType : JSON.stringify(modelType.slice(0, 80));
  throw new ArchitectureError(`the architecture ${shown} is not supported.`, {
    where: `${where}: model_type`,
    expected: all.map((architecture) => architecture.modelType).join(", "),
  });
}
