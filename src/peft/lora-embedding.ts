import { RecipeError } from "../errors.ts";
import { type Init, type Node, nodeOf, type Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { add, scale } from "../ops/nn/elementwise.ts";
import { type EmbeddingAttrs, embedding } from "../ops/nn/embedding.ts";
import { linear } from "../ops/nn/linear.ts";
import { transpose } from "../ops/shape/shape.ts";
import type { LoraConfig, Site } from "./lora.ts";
import { changesBase, notThere } from "./lora-starts.ts";
import { embeddingOf } from "./targets.ts";
import { placeOf } from "./unmatched.ts";

/**
 * y = W[ids]  becomes  y = W[ids] + scaling · Aᵀ[ids]·Bᵀ, with A `[r, vocab]` and B `[width, r]`. A starts at zero and B standard
 * normal; there is no dropout.
 * @throws {RecipeError} with DoRA, or a bias of B.
 * @see huggingface/peft, `tuners/lora/layer.py`: `Embedding`.
 */
export function adaptedEmbedding(y: Value, { module, r, scaling }: Site, config: LoraConfig): Value {
  const { inputs, attrs } = nodeOf(y) as Node;
  const [ids, table] = inputs as [Value, Value];
  const [vocab, width] = table.shape as [number, number];
  if (config.useDora) throw notOf("use_dora", "useDora", module);
  if (config.loraBias) throw notOf("lora_B_bias", "loraBias", module);
  if (changesBase(config)) throw notThere(config, `the embedding ${module}`);
  const normal: Init = { kind: "normal", std: 1 };
  const startA: Init = config.initLoraWeights === false ? normal : { kind: "zeros" };
  const param = (name: string, shape: [number, number], init: Init): Value =>
    y.graph.param(`${module}.${name}`, { dtype: "float32", shape }, { trainable: true, init });
  const a = param("lora_embedding_A", [r, vocab], startA);
  const b = param("lora_embedding_B", [width, r], normal);
  const rows = embedding(ids, transpose(a, { perm: [1, 0] }), attrs as EmbeddingAttrs);
  return add(y, linear(scale(rows, { by: scaling }), b));
}

/** The embedding that a node looks up, where it is one of the targets. */
export function targetedEmbedding(node: Node, targets: ReadonlySet<ModulePath>): ModulePath | undefined {
  const module = embeddingOf(node);
  return module !== undefined && targets.has(module) ? module : undefined;
}

const notOf = (recipe: string, code: string, module: ModulePath): RecipeError =>
  new RecipeError(`${recipe} does not reach the embedding ${module}`, {
    where: placeOf([recipe, code]),
    expected: `${recipe}: false, or targets without embeddings`,
  });
