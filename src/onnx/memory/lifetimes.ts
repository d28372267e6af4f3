/** One step of a computation, as far as memory is concerned. */
export interface MemoryStep {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Its first result is a view of its first operand: no memory of its own. */
  readonly view: boolean;
  /** Bytes that it needs for itself while it runs. */
  readonly scratch: number;
}

/** Memory allocator. */
export interface Allocator<Block> {
  allocate(bytes: number): Block;
  release(block: Block): void;
}

/**
 * Asks for memory and gives it back as the engine does in one run: a result is held from its step to the last that reads
 * it or a view of it, outputs of the whole to its end. What is no result of a step (weights, what is fed) is not counted,
 * nor is a view of it.
 *
 * Nothing is computed in place: the engine does so only where both lengths are known before it runs, and those of rows
 * are not.
 */
export function runLifetimes<Block>(
  steps: readonly MemoryStep[],
  bytesOf: (name: string) => number,
  outputs: ReadonlySet<string>,
  memory: Allocator<Block>,
): void {
  const lastUse = new Map<string, number>();
  for (const [at, step] of steps.entries()) {
    for (const name of step.outputs) lastUse.set(name, at);
    for (const name of step.inputs) if (lastUse.has(name)) lastUse.set(name, at);
  }
  /** The block of a result, and how many names stand for it still. */
  const held = new Map<string, { readonly block: Block; names: number }>();
  const forget = (name: string): void => {
    const holder = held.get(name);
    if (holder && --holder.names === 0) memory.release(holder.block);
    held.delete(name);
  };

  for (const [at, step] of steps.entries()) {
    for (const [i, name] of step.outputs.entries()) {
      const seen = i === 0 && step.view ? held.get(step.inputs[0] as string) : undefined;
      if (seen) seen.names++;
      const fresh = i > 0 || !step.view ? { block: memory.allocate(bytesOf(name)), names: 1 } : undefined;
      const holder = seen ?? fresh; // none of a view of a weight
      if (holder) held.set(name, holder);
    }
    if (step.scratch > 0) memory.release(memory.allocate(step.scratch));
    for (const name of new Set([...step.inputs, ...step.outputs])) {
      if (lastUse.get(name) === at && !outputs.has(name)) forget(name);
    }
  }
  for (const name of outputs) forget(name);
}
