import { RecipeError } from "../errors.ts";
import { type Graph, type Node, nodeOf, type Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { add, mul } from "../ops/nn/elementwise.ts";
import { type EmbeddingAttrs, embedding } from "../ops/nn/embedding.ts";
import { reshape } from "../ops/shape/shape.ts";
import { sliceBackward } from "../ops/shape/slice.ts";
import { type VocabularyAttrs, vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";
import { embeddingOf, endsWithPath, namedModules } from "./targets.ts";
import { noModule, type Option, placeOf } from "./unmatched.ts";

/** Tokens that train: ids of the input embedding's rows, or those of each module by the end of its path. */
export type TokenIndices = readonly number[] | Readonly<Record<string, readonly number[]>>;

/** Trained rows by the module that holds them: ids, in the order of the rows. */
export type TrainedTokens = ReadonlyMap<ModulePath, readonly number[]>;

const TOKENS: Option = ["trainable_token_indices", "trainableTokenIndices"];
const DELTA = "token_adapter.trainable_tokens_delta";

/**
 * The modules of a graph whose rows train.
 * @param taken Modules that train otherwise: with an adapter, or whole.
 * @throws {NoTargetError} for a name that is that of no embedding or output layer.
 * @throws {RecipeError} for an id that the table does not have or that comes twice, and for a module that trains otherwise.
 */
export function trainedTokens(graph: Graph, given: TokenIndices, taken: (path: ModulePath) => boolean): TrainedTokens {
  const modules = namedModules(graph);
  const entries = Array.isArray(given) ? [[inputEmbedding(graph), given] as const] : Object.entries(given);
  const tokens = entries.map(([end, ids]): [ModulePath, readonly number[]] => {
    const module = modules.find((path) => endsWithPath(path, end));
    if (module === undefined) throw noModule([end], modules, TOKENS);
    if (taken(module)) throw wrong(`${module} trains otherwise already`, "another module, or none of its tokens");
    checkIds(ids, module, graph);
    return [module, ids];
  });
  return new Map(tokens);
}

function checkIds(ids: readonly number[], module: ModulePath, graph: Graph): void {
  const [vocab] = tableOf(graph, module)?.shape ?? [];
  const odd = ids.find((id, i) => id >= (vocab as number) || ids.indexOf(id) !== i);
  if (odd !== undefined)
    throw wrong(`${odd} is no row of ${module}, or comes twice`, `different ids from 0 to ${(vocab as number) - 1}`);
}

const wrong = (what: string, expected: string): RecipeError =>
  new RecipeError(`${TOKENS[0]}: ${what}`, { where: placeOf(TOKENS), expected });

/** The weight of an embedding or of an output layer, which may be that of the embedding. */
function tableOf(graph: Graph, module: ModulePath): Value | undefined {
  const isHolder = (node: Node): boolean =>
    embeddingOf(node) === module || (node.op === vocabularyLogits.op && node.module === module);
  const holder = graph.values.map(nodeOf).find((node) => node && isHolder(node));
  return holder?.inputs[1];
}

/** The embedding that looks up the model's input ids. */
function inputEmbedding(graph: Graph): ModulePath {
  const isInput = ({ origin }: Value): boolean => origin.kind === "input" && origin.name === "input_ids";
  const looksUp = ({ inputs: [ids] }: Node): boolean =>
    ids !== undefined && (isInput(ids) || (nodeOf(ids)?.op === reshape.op && isInput(nodeOf(ids)?.inputs[0] as Value)));
  const nodes = graph.values.flatMap((value) => nodeOf(value) ?? []);
  return (
    nodes
      .filter(looksUp)
      .map(embeddingOf)
      .find((path) => path !== undefined) ?? "embed_tokens"
  );
}

/**
 * A node with the rows of its table that train in place of the stored ones; `undefined` where none are. An output layer that
 * shares the weight of the embedding reads the embedding's rows, unless it has other ones of its own.
 * @see huggingface/peft, `tuners/trainable_tokens/layer.py`.
 */
export function withTokens(node: Node, tokens: TrainedTokens): Value | undefined {
  const [x, table, bias] = node.inputs as [Value, Value, Value?];
  const module = embeddingOf(node);
  if (module !== undefined) {
    const ids = tokens.get(module);
    return ids && lookUp(x, table, replacement(table, module, ids), node.attrs as EmbeddingAttrs);
  }
  if (node.op !== vocabularyLogits.op) return undefined;
  const holder = holderOf(node, table, tokens);
  const ids = holder === undefined ? undefined : tokens.get(holder);
  if (!ids || holder === undefined) return undefined;
  return vocabularyLogits(x, wholeTable(table, replacement(table, holder, ids)), bias, node.attrs as VocabularyAttrs);
}

/** The module whose rows an output layer reads. */
function holderOf({ module }: Node, table: Value, tokens: TrainedTokens): ModulePath | undefined {
  const shared = table.origin.kind === "param" ? table.origin.name.replace(/\.weight$/, "") : "";
  const [own, others] = [tokens.get(module), tokens.get(shared)];
  if (own && others) return own.join() === others.join() ? shared : module;
  return own ? module : others && shared;
}

/** The rows that train, and where they stand. */
interface Replacement {
  /** `[n + 1, width]`: the trained rows, and one of zeros. */
  readonly rows: Value;
  /** int64 `[vocab, 1]`: a token's row of `rows`; `n` for one that does not train. */
  readonly positions: Value;
  /** `[vocab, 1]`: 0 for a token that trains, 1 for the others. */
  readonly kept: Value;
  readonly ids: readonly number[];
}

function replacement({ graph, shape, origin }: Value, module: ModulePath, ids: readonly number[]): Replacement {
  const [vocab, width] = shape as [number, number];
  const of = origin.kind === "param" ? origin.name : "";
  const delta = graph.param(
    `${module}.${DELTA}`,
    { dtype: "float32", shape: [ids.length, width] },
    { trainable: true, init: { kind: "rows", of, rows: ids } },
  );
  const positions = new Array<number>(vocab).fill(ids.length);
  for (const [position, id] of ids.entries()) positions[id] = position;
  const kept = positions.map((position) => (position === ids.length ? 1 : 0));
  return {
    rows: sliceBackward(delta, { axis: 0, start: 0, end: ids.length, length: ids.length + 1 }),
    positions: graph.constant({ dtype: "int64", shape: [vocab, 1] }, positions),
    kept: graph.constant({ dtype: "float32", shape: [vocab, 1] }, kept),
    ids,
  };
}

/** The rows of the tokens `ids [rows]`; the padding token learns no more than it did. */
function lookUp(
  ids: Value,
  table: Value,
  { rows, positions, kept, ids: trained }: Replacement,
  attrs: EmbeddingAttrs,
): Value {
  const padding = attrs.paddingIdx === undefined ? -1 : trained.indexOf(attrs.paddingIdx);
  const at = reshape(embedding(ids, positions, {}), { shape: [ids.shape[0] as string] });
  const own = embedding(at, rows, padding < 0 ? {} : { paddingIdx: padding });
  return add(mul(embedding(ids, table, attrs), embedding(ids, kept, {})), own);
}

/** The table `[vocab, width]` with the trained rows in place. */
function wholeTable(table: Value, { rows, positions, kept }: Replacement): Value {
  const at = reshape(positions, { shape: [table.shape[0] as number] });
  return add(mul(table, kept), embedding(at, rows, {}));
}
