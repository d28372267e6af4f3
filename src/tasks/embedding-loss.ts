import type { Graph, Value } from "../ir/graph.ts";
import { unitLength } from "../models/parts/pooling.ts";
import { crossEntropy } from "../ops/nn/cross-entropy.ts";
import { add, mul, sub } from "../ops/nn/elementwise.ts";
import { embedding } from "../ops/nn/embedding.ts";
import { matMul } from "../ops/nn/matmul.ts";
import { reduceSum } from "../ops/shape/shape.ts";
import { slice } from "../ops/shape/slice.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** Multiplies cosines before their softmax: sentence-transformers' `scale`, 1 ÷ the temperature. */
export const SCALE = 20;

/**
 * Appends the ranking loss: the cross-entropy of each query over the cosines with all documents of the micro-batch, summed
 * over queries. The documents are the answers of all its queries, and all their negatives.
 * @see sentence-transformers, MultipleNegativesRankingLoss; Henderson et al. 2017, arXiv:1705.00652, section 4.4.
 */
export function rankingLoss(graph: Graph, recipe: ResolvedRecipe): Value {
  const labels = graph.input("labels", { dtype: "int64", shape: ["rows"] });
  return atEachLength(graph, recipe, (vectors) => {
    const [queries, documents] = [rowsOf(vectors, "anchors", "rows"), rowsOf(vectors, "documents", "documents")];
    return crossEntropy(matMul(queries, documents, { transB: true, alpha: SCALE }), labels);
  });
}

/**
 * Appends the squared distance of each pair's cosine from its score, summed over pairs.
 * @see sentence-transformers, CosineSimilarityLoss.
 */
export function similarityLoss(graph: Graph, recipe: ResolvedRecipe): Value {
  const scores = graph.input("scores", { dtype: "float32", shape: ["rows"] });
  return atEachLength(graph, recipe, (vectors) => {
    const [first, second] = [rowsOf(vectors, "anchors", "rows"), rowsOf(vectors, "documents", "rows")];
    const error = sub(reduceSum(mul(first, second), { axes: [1] }), scores);
    return reduceSum(mul(error, error), { axes: [0] });
  });
}

/**
 * The sum of a loss of unit-length embeddings, `[batch, dim]`, over the lengths of `matryoshka_dims`, to which they are cut.
 * @see sentence-transformers, MatryoshkaLoss; Kusupati et al. 2022, arXiv:2205.13147.
 */
function atEachLength(graph: Graph, { matryoshka_dims }: ResolvedRecipe, loss: (vectors: Value) => Value): Value {
  const whole = graph.outputs.get("logits");
  if (!whole) throw new RangeError("the model has no output named logits");
  const width = whole.shape[1] as number;
  const cut = (matryoshka_dims ?? [width]).map((dim) =>
    dim === width ? whole : slice(whole, { axis: 1, start: 0, end: dim }),
  );
  return cut.map((vectors) => loss(unitLength(vectors))).reduce((sum, part) => add(sum, part));
}

/** The embeddings that the input `name` numbers. */
function rowsOf(vectors: Value, name: string, length: string): Value {
  const { graph } = vectors;
  const rows = graph.named(name) ?? graph.input(name, { dtype: "int64", shape: [length] });
  return embedding(rows, vectors, { distinct: true });
}
