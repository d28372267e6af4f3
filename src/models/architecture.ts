import type { z } from "zod";
import { ArchitectureError, CheckpointError } from "../errors.ts";
import { Graph, type Value } from "../ir/graph.ts";
import { type BuildOptions, ModuleScope } from "./scope.ts";

/** What a model is trained to do; PEFT's names. */
export type TaskType = "SEQ_CLS" | "TOKEN_CLS";

/** The model's inputs, `[batch, seq]` integers each. */
export interface ModelInputs {
  readonly ids: Value;
  /** 1 for real tokens, 0 for padding. */
  readonly mask: Value;
  readonly typeIds: Value;
}

/** Builds the part above the encoder: `[batch*seq, hidden]` → logits. */
type TaskBuilder<Config> = (m: ModuleScope, inputs: ModelInputs, config: Config, labels: number) => Value;

/** An architecture, written down. Parameter names are those of transformers' classes. */
export interface ArchitectureSpec<Config> {
  /** `model_type` in `config.json`. */
  readonly modelType: string;
  readonly config: z.ZodType<Config>;
  /** Where the base model hangs in a model with a head; a bare base checkpoint lacks this prefix. */
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
  /** Logits: `[batch, labels]` for SEQ_CLS, `[batch*seq, labels]` for TOKEN_CLS. */
  readonly tasks: Readonly<Record<TaskType, TaskBuilder<Config>>>;
}

/** An architecture as the rest of the library sees it: its config's type is its own business. */
export interface Architecture extends Omit<ArchitectureSpec<unknown>, "tasks" | "config"> {
  /**
   * The model as a graph with the output `logits`: names and types, no weights.
   * @param config A parsed `config.json`.
   * @throws {CheckpointError} when the config lacks what this architecture needs.
   */
  build(config: unknown, task: TaskType, labels: number, options?: BuildOptions): Graph;
}

/** Makes an architecture of its spec. */
export function defineArchitecture<Config>({ tasks, config: schema, ...spec }: ArchitectureSpec<Config>): Architecture {
  return {
    ...spec,
    build(config, task, labels, options = {}) {
      const parsed = schema.safeParse(config);
      if (!parsed.success) {
        const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
        throw new CheckpointError(`config.json does not describe a ${spec.modelType}: ${problems.join("; ")}`);
      }
      const graph = new Graph();
      const input = (name: string): Value => graph.input(name, { dtype: "int64", shape: ["batch", "seq"] });
      const inputs = { ids: input("input_ids"), mask: input("attention_mask"), typeIds: input("token_type_ids") };
      graph.outputs.set("logits", tasks[task](new ModuleScope(graph, "", options), inputs, parsed.data, labels));
      return graph;
    },
  };
}

/** Picks the architecture of a config. @throws {ArchitectureError} listing those that are supported. */
export function selectArchitecture(all: readonly Architecture[], modelType: string): Architecture {
  const found = all.find((architecture) => architecture.modelType === modelType);
  if (found) return found;
  throw new ArchitectureError(`the architecture ${modelType} is not supported.`, {
    where: "config.json: model_type",
    expected: all.map((architecture) => architecture.modelType).join(", "),
  });
}
