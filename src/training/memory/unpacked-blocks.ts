import { machine } from "#platform";
import { evaluationGraph } from "../../assemble/graphs.ts";
import { quantizationOf } from "../../assemble/quantization.ts";
import type { Prepared } from "../../prepared/prepared.ts";
import { parameterBytes } from "./memory.ts";

/** The share of the machine's memory that weights may take to be unpacked. */
const SHARE = 0.5;

/**
 * A model whose base is held in the blocks of its file, unpacked if that leaves memory enough: it says the same, to the
 * last bit, and writes tokens several times as fast. Any other model as it is.
 * @param memoryBytes What the process may use.
 */
export function unpackedBlocks(model: Prepared, memoryBytes = machine().memoryBytes): Prepared {
  const { recipe } = model.source;
  if (typeof quantizationOf(recipe) !== "string") return model;
  const source = { ...model.source, recipe: { ...recipe, load_in_4bit: false } };
  const graph = evaluationGraph(source);
  return parameterBytes(graph).weights <= SHARE * memoryBytes ? { ...model, source, graph } : model;
}
