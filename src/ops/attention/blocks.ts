import type { Lowering } from "../../ir/lowering.ts";

/** Rows of a sequence whose attention is computed together, and the keys that they may see. */
export interface Block {
  /** Its rows of `[batch, heads, seq, …]`. */
  queries(x: string): string;
  /** Keys visible to them in `[batch, kvHeads, seq, …]`. */
  keys(x: string): string;
  /** Both of `[batch, …, seq, seq]`. */
  pairs(x: string): string;
  /** The way back from `keys`: zeros stand for what they do not see. */
  spread(x: string): string;
}

/** `n` blocks save `(1 − 1/n) / 2` of the work and cost a few dozen nodes each, in every layer. */
const BLOCKS = 4;

const WHOLE: Block = { queries: (x) => x, keys: (x) => x, pairs: (x) => x, spread: (x) => x };

/**
 * The blocks of attention. Where tokens see only what came before, a quarter of the rows at a time meets the keys up to
 * its own end: of the products and the passes over `[seq, seq]` three eighths fall away. Else one block is all.
 * @param mask Name of `[batch, seq]`.
 */
export function lowerBlocks(to: Lowering, mask: string, causal = false): Block[] {
  if (!causal) return [WHOLE];
  const seq = lengthOf(to, mask);
  return Array.from({ length: BLOCKS }, (_, i) => {
    const [start, end] = [boundary(to, seq, i), boundary(to, seq, i + 1)];
    const from = to.node("BlockStart", [start, seq]);
    const until = to.node("BlockEnd", [end, from]);
    const axis = to.ints([2]);
    return {
      queries: (x) => to.node("Slice", [x, from, until, axis]),
      keys: (x) => (i === BLOCKS - 1 ? x : to.node("Slice", [x, to.ints([0]), end, axis])),
      pairs: (x) => to.node("Slice", [x, both(to, from, to.ints([0])), both(to, until, end), to.ints([2, 3])]),
      spread(x) {
        // Of a block without rows the engine leaves sums over rows unwritten: none of them is kept.
        const rows = to.node("Sub", [end, start]);
        const kept = to.node("Min", [end, to.node("Mul", [rows, seq])]);
        const pads = both(to, to.node("Sub", [kept, end]), to.node("Sub", [seq, kept]));
        return to.node("Pad", [x, pads, to.scalar(0), axis]);
      },
    };
  });
}

/**
 * A lowering whose reshapes and barriers hide the rank of their result. Opening a session, ONNX Runtime compares each tensor of known
 * rank and unknown lengths with every other that is free by then, which takes a model of 32 layers ten times as long.
 * It leaves tensors of unknown rank alone.
 * @param many True where a layer has many such tensors, as blocks are and what relative positions are lowered to.
 */
export function lowerInside(to: Lowering, mask: string, many = false): Lowering {
  if (!many) return to;
  const past = to.node("Add", [lengthOf(to, mask), to.ints([4])]); // the end of any shape, but nobody knows before
  const hidden = (shape: string): string => to.node("Slice", [shape, to.ints([0]), past]);
  const among = (opType: string, inputs: readonly string[]): readonly string[] => {
    const [x = "", ...rest] = inputs;
    if (opType === "Reshape") return [x, ...rest.map(hidden)];
    return opType === "Barrier" ? [...inputs, past] : inputs;
  };
  return {
    node: (opType, inputs, options) => to.node(opType, among(opType, inputs), options),
    output: (index, opType, inputs, options) => to.output(index, opType, inputs, options),
    constant: (dtype, shape, data) => to.constant(dtype, shape, data),
    scalar: (value) => to.scalar(value),
    ints: (values) => to.ints(values),
    shape: (shape) => to.shape(shape),
  };
}

/** Rows of all blocks, one after the other. @param mask Name of `[batch, seq]`. */
export const together = (to: Lowering, parts: readonly string[], mask: string): string =>
  parts.length === 1 ? (parts[0] as string) : to.node("JoinBlocks", [lengthOf(to, mask), ...parts]);

/** The sum over blocks. */
export const summed = (to: Lowering, parts: readonly string[]): string =>
  parts.reduceRight((sum, part) => to.node("Add", [sum, part]));

/** `⌈seq · i / BLOCKS⌉`: of fewer rows than blocks, some blocks have none, but there is no block without keys. */
function boundary(to: Lowering, seq: string, i: number): string {
  if (i === 0) return to.ints([0]);
  if (i === BLOCKS) return seq;
  return to.node("BlockBoundary", [seq], { attrs: { block: i, blocks: BLOCKS } });
}

/** `seq`, a vector of one. */
const lengthOf = (to: Lowering, mask: string): string => to.node("Gather", [to.node("Shape", [mask]), to.ints([1])]);

const both = (to: Lowering, a: string, b: string): string => to.node("Concat", [a, b], { attrs: { axis: 0 } });
