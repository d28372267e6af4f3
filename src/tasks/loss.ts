import { type Graph, nodeOf, type Value } from "../ir/graph.ts";
import { crossEntropy } from "../ops/nn/cross-entropy.ts";
import { reduceSum } from "../ops/shape/shape.ts";
import { tokenLoss } from "../ops/token-loss/token-loss.ts";
import { type VocabularyAttrs, vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";

/** A language model's output layer, taken apart: the rows that are asked, and its weights. */
export interface OutputLayer {
  readonly x: Value;
  readonly w: Value;
  readonly bias: Value | undefined;
  readonly attrs: VocabularyAttrs & { readonly chunks: number };
}

/** Entries of the vocabulary for which the logits of all rows may lie in memory at once. */
const WHOLE = 4096;

/** The output layer of a language model's graph. */
export function outputLayer(graph: Graph): OutputLayer {
  const node = nodeOf(logitsOf(graph));
  if (node?.op !== vocabularyLogits.op) throw new RangeError("the graph is no language model's");
  const [x, w, bias] = node.inputs as [Value, Value, Value?];
  const chunks = Math.min(64, Math.ceil((w.shape[0] as number) / WHOLE));
  return { x, w, bias, attrs: { ...node.attrs, chunks } };
}

/** Appends the loss of a training step: summed over texts, words or tokens, those labelled −100 left out. */
export function lossOf(graph: Graph): Value {
  const logits = logitsOf(graph);
  const labels = graph.input("labels", { dtype: "int64", shape: logits.shape.slice(0, 1) });
  if (nodeOf(logits)?.op !== vocabularyLogits.op) return crossEntropy(logits, labels);
  const { x, w, bias, attrs } = outputLayer(graph);
  return reduceSum(tokenLoss(x, w, labels, bias, attrs), { axes: [0] });
}

function logitsOf(graph: Graph): Value {
  const logits = graph.outputs.get("logits");
  if (!logits) throw new RangeError("the model has no output named logits");
  return logits;
}
