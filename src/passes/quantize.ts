import { nodeOf, type ParamValue, type Value } from "../ir/graph.ts";
import type { TensorType } from "../ir/types.ts";
import { linear } from "../ops/nn/linear.ts";
import type { MatrixShape, QuantizedWeight } from "../quant/schemes/definition.ts";
import { definitionOf, type Scheme } from "../quant/schemes/index.ts";
import type { Pass } from "./pass.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Quantizes the frozen weight of every linear layer.
 *
 * Biases, norms, embeddings and trainable weights stay as they are, and so do the layers under `keep`.
 * @param scheme One for all weights, or each weight's own by its name; without one it stays as it is.
 * @param keep Modules whose weights stay unquantized: heads and poolers.
 * @see Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 3.
 */
export const quantize = (scheme: Scheme | SchemeOf, keep: readonly string[] = []): Pass => ({
  name: "quantize",
  run(graph) {
    const schemeOf: SchemeOf = typeof scheme === "function" ? scheme : () => scheme;
    const schemes = new Map(graph.values.flatMap((value) => weightToQuantize(value, keep, schemeOf)));
    return rewrite(graph, {
      param(param) {
        const { init } = param;
        if (init?.kind !== "rowNorm" && init?.kind !== "quantizationError") return param;
        const own = schemes.get(init.of);
        return own ? { ...param, init: { ...init, scheme: own } } : param;
      },
      node(y, { op, inputs, attrs, module }) {
        const schemeFor = (x: Value | undefined) =>
          x?.origin.kind === "param" ? schemes.get(x.origin.name) : undefined;
        if (!inputs.some(schemeFor)) return y;
        const [x, w, bias] = inputs as [Value, ParamValue, Value?];
        const own = schemeFor(w);
        if (op === linear.op && own) return definitionOf(own).linear(x, quantizedWeight(w, own), bias, own);
        const dequantized = inputs.map((input) => {
          const scheme = schemeFor(input);
          if (!scheme) return input;
          return definitionOf(scheme).dequantized(quantizedWeight(input as ParamValue, scheme), scheme); // DoRA's row lengths
        });
        return y.graph.node(op, dequantized, attrs, module);
      },
    });
  },
});

/** Scheme of a weight, by its name; `undefined` for one that stays as it is. */
export type SchemeOf = (weight: string) => Scheme | undefined;

/** Name and scheme of the frozen weight of a linear layer outside `keep`. */
function weightToQuantize(value: Value, keep: readonly string[], schemeOf: SchemeOf): [string, Scheme][] {
  const node = nodeOf(value);
  const w = node?.op === linear.op ? node.inputs[1] : undefined;
  const isKept = node?.module.split(".").some((segment) => keep.includes(segment));
  if (w?.origin.kind !== "param" || w.origin.trainable || isKept) return [];
  const scheme = schemeOf(w.origin.name);
  return scheme ? [[w.origin.name, scheme]] : [];
}

/** A weight whose parts are parameters. */
function quantizedWeight({ graph, shape, origin }: ParamValue, scheme: Scheme): QuantizedWeight {
  const matrix = shape as MatrixShape;
  const types = definitionOf(scheme).parts(matrix, scheme);
  const { name: of, transposed } = origin;
  return {
    graph,
    shape: matrix,
    part: (part) =>
      graph.param(`${of}.${part}`, types[part] as TensorType, {
        trainable: false,
        quantized: { of, scheme, part },
        ...(transposed && { transposed }),
      }),
  };
}
