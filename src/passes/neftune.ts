import { type Graph, type Node, nodeOf, type Value } from "../ir/graph.ts";
import { add, scale } from "../ops/nn/elementwise.ts";
import { embedding } from "../ops/nn/embedding.ts";
import { reshape } from "../ops/shape/shape.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/** Name of the noise among a graph's inputs. */
export const NOISE = "neftune_noise";

/**
 * NEFTune: while training, `y = W[ids]` becomes `y + noise`, with uniform noise between `±alpha / √(L · width)`. Of a model that scales
 * its embeddings the noise comes after the scale, as transformers' embedding module ends there. It runs before the passes of a method, so
 * that what adapts the embedding gets the noise too.
 * @see Jain et al. 2023, arXiv:2310.05914; transformers, `integrations/neftune.py`.
 */
export const neftune = (alpha: number): Pass => ({
  name: "neftune",
  run(graph, { training }) {
    if (!training) return graph;
    const scales = isScaled(graph);
    const isLast = (node: Node): boolean => (scales ? scalesInput(node) : looksUpInput(node));
    return rewrite(graph, { node: (y, node) => (isLast(node) ? withNoise(y, alpha) : y) });
  },
});

const withNoise = (y: Value, alpha: number): Value =>
  add(y, y.graph.input(NOISE, { dtype: "float32", shape: y.shape }, { kind: "noise", alpha }));

const isInputIds = ({ origin }: Value): boolean => origin.kind === "input" && origin.name === "input_ids";

/** True for the embedding of the model's input ids. */
function looksUpInput({ op, inputs: [ids, table] }: Node): boolean {
  if (op !== embedding.op || ids === undefined || table?.origin.kind !== "param") return false;
  const node = nodeOf(ids);
  return isInputIds(ids) || (node?.op === reshape.op && isInputIds(node.inputs[0] as Value));
}

function scalesInput({ op, inputs: [x] }: Node): boolean {
  const node = x && nodeOf(x);
  return op === scale.op && node !== undefined && looksUpInput(node);
}

/** True when all that reads the input embedding is its scale. */
function isScaled(graph: Graph): boolean {
  const nodes = graph.values.flatMap((value) => nodeOf(value) ?? []);
  const readsEmbedding = ({ inputs }: Node): boolean =>
    inputs.some((input) => {
      const node = nodeOf(input);
      return node !== undefined && looksUpInput(node);
    });
  const readers = nodes.filter(readsEmbedding);
  return readers.length > 0 && readers.every(scalesInput);
}
