import type { EmittedModel } from "../../src/onnx/emit.ts";

/** Names of the nodes that depend on integer inputs, constants and shapes alone: masks, positions, and what becomes of them. */
export function integerNodes({ inputs, constants, nodes }: EmittedModel): ReadonlySet<string> {
  const integers = inputs.filter(({ type }) => type.dtype === "int64").map(({ name }) => name);
  const known = new Set(["", ...integers, ...constants.map(({ name }) => name)]);
  const found = nodes.filter(({ opType, input, output }) => {
    const isKnown = opType === "Shape" || input.every((name) => known.has(name));
    if (isKnown) for (const name of output) known.add(name);
    return isKnown;
  });
  return new Set(found.map(({ name }) => name));
}
