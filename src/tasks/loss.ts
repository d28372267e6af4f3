import { type Graph, nodeOf, type Value } from "../ir/graph.ts";
import { crossEntropy } from "../ops/nn/cross-entropy.ts";
import { reduceSum } from "../ops/shape/shape.ts";
import { tokenLoss } from "../ops/token-loss/token-loss.ts";
import { type VocabularyAttrs, vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** A language model's output layer, taken apart: the rows that are asked, and its weights. */
export interface OutputLayer {
  readonly x: Value;
  readonly w: Value;
  readonly bias: Value | undefined;
  readonly attrs: VocabularyAttrs & { readonly chunks: number };
}

/** Entries of the vocabulary for which the logits of all rows may lie in memory at once. */
const WHOLE = 4096;

/** Keys of a recipe that change the loss. */
type LossKeys = Partial<Pick<ResolvedRecipe, "class_weights" | "label_smoothing_factor">>;

/** The output layer of a language model's graph. */
export function outputLayer(graph: Graph): OutputLayer {
  const node = nodeOf(logitsOf(graph));
  if (node?.op !== vocabularyLogits.op) throw new RangeError("the graph is not a language model");
  const [x, w, bias] = node.inputs as [Value, Value, Value?];
  const chunks = Math.min(64, Math.ceil((w.shape[0] as number) / WHOLE));
  return { x, w, bias, attrs: { ...node.attrs, chunks } };
}

/** Appends the loss of a classifier: summed over texts or words under the weights of their classes, those labelled −100 left out. */
export function classLoss(graph: Graph, recipe: LossKeys): Value {
  const logits = logitsOf(graph);
  const weights = weightsOf(recipe);
  return crossEntropy(logits, labelsFor(logits), { ...(weights && { weights }), ...smoothingOf(recipe) });
}

/** Weight of each class in the loss, by class id; `undefined` without class weights. They are settled: see `withClassWeights`. */
export const weightsOf = ({ class_weights: weights }: LossKeys) =>
  Array.isArray(weights) ? (weights as readonly number[]) : undefined;

const smoothingOf = ({ label_smoothing_factor: smoothing }: LossKeys) => (smoothing ? { smoothing } : {});

/** Appends the loss of a language model: summed over tokens, those labelled −100 left out. */
export function languageLoss(graph: Graph, recipe: LossKeys): Value {
  const { x, w, bias, attrs } = outputLayer(graph);
  const loss = tokenLoss(x, w, labelsFor(x), bias, { ...attrs, ...smoothingOf(recipe) });
  return reduceSum(loss, { axes: [0] });
}

/** Appends a loss of each output against its target: the sum over texts and outputs. */
export function targetLoss(graph: Graph, loss: (logits: Value, targets: Value) => Value): Value {
  const logits = logitsOf(graph);
  const targets = graph.input("labels", { dtype: "float32", shape: logits.shape });
  return reduceSum(loss(logits, targets), { axes: [0, 1] });
}

/** The input `labels`: one for each row of logits. */
const labelsFor = ({ graph, shape }: Value): Value =>
  graph.input("labels", { dtype: "int64", shape: shape.slice(0, 1) });

function logitsOf(graph: Graph): Value {
  const logits = graph.outputs.get("logits");
  if (!logits) throw new RangeError("the model has no output named logits");
  return logits;
}
