import type { Graph, Init, Value } from "../../ir/graph.ts";
import type { ModulePath, Shape } from "../../ir/types.ts";
import { dropout } from "../../ops/nn/dropout.ts";
import type { Pooling } from "./pooling.ts";

/** Settings that hold for a whole graph. */
export interface BuildOptions {
  /** True when the base model's own dropout runs, as its config says. */
  readonly modelDropout?: boolean;
  /** Rows hold several documents each, numbered by the attention mask: none sees another. */
  readonly packed?: boolean;
  /** For generation: keys and values of earlier tokens come as inputs, and all of them leave as outputs. */
  readonly cache?: boolean;
  /** Language models: logits of every token, not of chosen rows. */
  readonly allRows?: boolean;
  /** Embedding models: the hidden states of every token are an output as well, `last_hidden_state`. */
  readonly hiddenStates?: boolean;
  /** Pooling of an embedding model. Default: the mean of the hidden states. */
  readonly pooling?: Pooling;
}

/** A place in the module tree: names parameters and nodes as the checkpoint does. */
export class ModuleScope {
  readonly graph: Graph;
  readonly path: ModulePath;
  readonly options: BuildOptions;

  constructor(graph: Graph, path: ModulePath = "", options: BuildOptions = {}) {
    this.graph = graph;
    this.path = path;
    this.options = options;
  }

  /** Builds `name`'s part of the model: its parameters and nodes carry the longer path. */
  within<T>(name: string, build: (m: ModuleScope) => T): T {
    const inner = new ModuleScope(this.graph, this.#at(name), this.options);
    const before = this.graph.module;
    this.graph.module = inner.path;
    try {
      return build(inner);
    } finally {
      this.graph.module = before;
    }
  }

  /**
   * The float32 parameter `name` of this module.
   * @param init How it starts where the checkpoint may lack it.
   * @param transposed Whether checkpoints store this weight `[out, in]` as `[in, out]`.
   */
  param(name: string, shape: Shape, init?: Init, transposed = false): Value {
    const options = { trainable: true, ...(init && { init }), ...(transposed && { transposed }) };
    return this.graph.param(this.#at(name), { dtype: "float32", shape }, options);
  }

  /** A mask input for dropout, or `undefined` while dropout is off. */
  dropoutMask(shape: Shape, probability: number, suffix = "dropout"): Value | undefined {
    if (!this.options.modelDropout || probability === 0) return undefined;
    const fill = { kind: "dropout", keep: 1 - probability } as const;
    let name = this.#at(suffix);
    for (let n = 2; this.graph.named(name); n++) name = this.#at(`${suffix}_${n}`);
    return this.graph.input(name, { dtype: "uint8", shape }, fill);
  }

  /** The base model's own dropout. */
  dropout(x: Value, probability: number): Value {
    const mask = this.dropoutMask(x.shape, probability);
    return mask ? dropout(x, mask, { keep: 1 - probability }) : x;
  }

  #at(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
