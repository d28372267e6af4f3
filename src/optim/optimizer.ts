/** A parameter together with the gradient of this step; all arrays are `[n]`, flat. */
export interface OptimizedParam {
  /** The checkpoint's name: state is kept and saved under it. */
  readonly name: string;
  /** Updated in place. */
  readonly data: Float32Array;
  /** Read only. */
  readonly grad: Float32Array;
  readonly weightDecay: number;
  /** Multiplies the step's learning rate for this parameter. */
  readonly learningRateScale: number;
}

/** A tensor of optimizer state: float32, or the codes of an 8-bit optimizer. */
export type StateTensor = Float32Array | Uint8Array;

/**
 * Updates parameters in place from their gradients.
 *
 * A parameter's state starts the first time it is stepped, so one that is unfrozen late begins at its own step 1.
 */
export interface Optimizer {
  /**
   * @param params those with a gradient in this step.
   * @throws {OperandError} when a gradient is not as long as its parameter.
   * @throws {CheckpointError} when restored state does not fit a parameter.
   */
  step(params: readonly OptimizedParam[], learningRate: number): void;
  /** Live views (not copies) of all state, named `<parameter>.<torch's name>`, as in `w.exp_avg` or `w.step`. */
  state(): Map<string, StateTensor>;
  /** Replaces all state by what `state()` once returned. The arrays are taken over, not copied. */
  restore(state: ReadonlyMap<string, StateTensor>): void;
  /** Bytes that the state holds now. */
  bytes(): number;
  /** Bytes that the state of a parameter of so many elements will take. */
  bytesFor(elements: number): number;
}
