import type { Graph, Value } from "../ir/graph.ts";
import { unitLength } from "../models/parts/pooling.ts";
import { crossEntropy } from "../ops/nn/cross-entropy.ts";
import { add, div, mul, scalarLike, sign, sub } from "../ops/nn/elementwise.ts";
import { embedding } from "../ops/nn/embedding.ts";
import { matMul } from "../ops/nn/matmul.ts";
import { relu } from "../ops/nn/relu.ts";
import { rowNorm } from "../ops/nn/row-norm.ts";
import { reduceSum, reshape } from "../ops/shape/shape.ts";
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
    const unit = unitLength(vectors);
    const [queries, documents] = [rowsOf(unit, "anchors", "rows"), rowsOf(unit, "documents", "documents")];
    return crossEntropy(matMul(queries, documents, { transB: true, alpha: SCALE }), labels, {});
  });
}

/**
 * Appends the squared distance of each pair's cosine from its score, summed over pairs.
 * @see sentence-transformers, CosineSimilarityLoss.
 */
export function similarityLoss(graph: Graph, recipe: ResolvedRecipe): Value {
  const scores = graph.input("scores", { dtype: "float32", shape: ["rows"] });
  return atEachLength(graph, recipe, (vectors) => {
    const unit = unitLength(vectors);
    const [first, second] = [rowsOf(unit, "anchors", "rows"), rowsOf(unit, "documents", "rows")];
    const error = sub(reduceSum(mul(first, second), { axes: [1] }), scores);
    return reduceSum(mul(error, error), { axes: [0] });
  });
}

/** Distance by which texts of other classes are to be further away: sentence-transformers' `triplet_margin`. */
export const MARGIN = 5;

/** Keeps the slope of a distance finite where two embeddings are equal; far below what float32 tells apart. */
const TINY = 1e-12;

/**
 * Appends the triplet loss of texts with a class: for each pair of one class and each text of another, how much further the
 * other should be from the first than the second is. The mean over those that are not far enough yet, times the texts.
 * @see sentence-transformers, BatchAllTripletLoss; Hermans et al. 2017, arXiv:1703.07737.
 */
export function tripletLoss(graph: Graph, recipe: ResolvedRecipe): Value {
  const among = (name: string): Value => graph.input(name, { dtype: "float32", shape: ["batch", "batch"] });
  const texts = reduceSum(graph.input("texts", { dtype: "float32", shape: ["batch"] }), { axes: [0] });
  const valid = mul(mid(among("same_class")), first(among("other_class")));
  return atEachLength(graph, recipe, (vectors) => {
    const distance = distances(vectors);
    const short = relu(mul(valid, plus(sub(mid(distance), first(distance)), MARGIN)));
    const [sum, count] = [short, sign(short)].map((x) => reduceSum(x, { axes: [0, 1, 2] })) as [Value, Value];
    const divisor = plus(relu(plus(count, -1)), 1); // the count, or 1
    return mul(div(sum, divisor), texts);
  });
}

/** `x` and a constant. */
const plus = (x: Value, constant: number): Value => add(x, scalarLike(x, constant));

/** Of `x [batch, batch]`, about the texts `i` and `j` of triplets `[i, j, k]`. */
const mid = (x: Value): Value => reshape(x, { shape: ["batch", "batch", 1] });

/** Of `x [batch, batch]`, about the texts `i` and `k` of triplets `[i, j, k]`. */
const first = (x: Value): Value => reshape(x, { shape: ["batch", 1, "batch"] });

/** Euclidean distances between embeddings: `[batch, dim]` → `[batch, batch]`. */
function distances(vectors: Value): Value {
  const dim = vectors.shape[1] as number;
  const from = reshape(vectors, { shape: ["batch", 1, dim] });
  const to = reshape(vectors, { shape: [1, "batch", dim] });
  return rowNorm(plus(sub(from, to), TINY));
}

/**
 * The sum of a loss of embeddings, `[batch, dim]`, over the lengths of `matryoshka_dims`, to which they are cut; those that are
 * cut have unit length.
 * @see sentence-transformers, MatryoshkaLoss; Kusupati et al. 2022, arXiv:2205.13147.
 */
function atEachLength(graph: Graph, { matryoshka_dims }: ResolvedRecipe, loss: (vectors: Value) => Value): Value {
  const whole = graph.outputs.get("logits");
  if (!whole) throw new RangeError("the model has no output named logits");
  if (!matryoshka_dims) return loss(whole);
  const width = whole.shape[1] as number;
  const cut = (end: number): Value => (end === width ? whole : slice(whole, { axis: 1, start: 0, end }));
  return matryoshka_dims.map((dim) => loss(unitLength(cut(dim)))).reduce((sum, part) => add(sum, part));
}

/** The embeddings that the input `name` numbers. */
function rowsOf(vectors: Value, name: string, length: string): Value {
  const { graph } = vectors;
  const rows = graph.named(name) ?? graph.input(name, { dtype: "int64", shape: [length] });
  return embedding(rows, vectors, { distinct: true });
}
