import type { Value } from "../../ir/graph.ts";
import { div } from "../../ops/nn/elementwise.ts";
import { embedding } from "../../ops/nn/embedding.ts";
import { maskedMean } from "../../ops/nn/masked-mean.ts";
import { rowNorm } from "../../ops/nn/row-norm.ts";
import { lastToken } from "../../ops/shape/last-token.ts";
import { reshape, select } from "../../ops/shape/shape.ts";
import type { ModelInputs } from "./architecture.ts";
import type { ModuleScope } from "./scope.ts";

/** Reductions of a text's hidden states to one vector, by sentence-transformers' names: the usual one first. */
export const POOLING_MODES = ["mean", "cls", "lasttoken"] as const;

/** Reduction of a text's hidden states to one vector. */
export type PoolingMode = (typeof POOLING_MODES)[number];

/** Layers above the hidden states of an embedding model; they have no parameters. */
export interface Pooling {
  readonly mode: PoolingMode;
  /** True when embeddings have unit length. */
  readonly normalize: boolean;
}

/** Layers of a model that names none: as sentence-transformers has it. */
export const DEFAULT_POOLING: Pooling = { mode: POOLING_MODES[0], normalize: false };

/** The embedding of each text, as the options of the graph have it: `h [batch*seq, hidden]` → `[batch, hidden]`. */
export function pooled({ graph, options }: ModuleScope, h: Value, inputs: ModelInputs): Value {
  const { pooling = DEFAULT_POOLING, hiddenStates } = options;
  if (hiddenStates) graph.outputs.set("last_hidden_state", byText(h));
  const { mode, normalize } = pooling;
  const vectors = reduced(h, inputs, mode);
  return normalize ? unitLength(vectors) : vectors;
}

function reduced(h: Value, { ids, mask }: ModelInputs, mode: PoolingMode): Value {
  switch (mode) {
    case "mean":
      return maskedMean(h, mask);
    case "cls":
      return firstToken(h);
    case "lasttoken":
      return embedding(lastToken(ids, mask, {}), h, { distinct: true });
    default:
      return mode satisfies never;
  }
}

/** The first token of each row: `[batch*seq, hidden]` → `[batch, hidden]`. */
export function firstToken(h: Value): Value {
  return select(byText(h), { axis: 1, index: 0 });
}

/** Hidden states text by text: `[batch*seq, hidden]` → `[batch, seq, hidden]`. */
const byText = (h: Value): Value => reshape(h, { shape: ["batch", "seq", h.shape[1] as number] });

/** Rows divided by their Euclidean length: `x [rows, width]` → `[rows, width]`. */
export const unitLength = (x: Value): Value => div(x, reshape(rowNorm(x), { shape: [x.shape[0] as string, 1] }));
