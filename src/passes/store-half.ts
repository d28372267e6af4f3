import { nodeOf, type ParamValue, type Value } from "../ir/graph.ts";
import { embedding } from "../ops/nn/embedding.ts";
import { upcast } from "../ops/quantized/upcast.ts";
import { vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Holds frozen weight matrices in half precision; they are upcast where they are read, and all is computed in float32.
 * Vectors (norms, biases) and what trains stay as they are: the first are few, the second would lose small updates.
 */
export const storeHalf = (dtype: "float16" | "bfloat16"): Pass => ({
  name: "storeHalf",
  run: (graph) =>
    rewrite(graph, {
      read({ origin, shape, dtype: was }: ParamValue, next) {
        if (origin.trainable || origin.quantized || was !== "float32" || shape.length < 2) return undefined;
        const { name, kind: _, ...options } = origin;
        return upcast(next.param(name, { dtype, shape }, options));
      },
      node(y, { op, inputs, attrs }) {
        const [x, matrix, bias] = inputs as [Value, Value?, Value?];
        const upcasted = matrix && nodeOf(matrix);
        if (upcasted?.op !== upcast.op) return y;
        const half = upcasted.inputs[0] as Value;
        if (op === embedding.op) return upcast(embedding(x, half, attrs)); // the rows that are looked up, not the table
        if (op === vocabularyLogits.op) return vocabularyLogits(x, half, bias, attrs); // upcasts what it reads
        return y;
      },
    }),
});
