import type { DType, TensorType } from "../ir/types.ts";

/** Elements as the engine takes and gives them: half floats travel as their bits. */
export type Elements = Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

/** A tensor at run time, row-major. */
export interface RuntimeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** A compiled graph: one session serves every batch shape. */
export interface Session {
  /**
   * Runs the graph.
   * @param feeds A tensor for each input that is not bound.
   * @param outputs Names of the outputs wanted; the rest is not fetched. Default: all.
   * @throws {EngineError} when the engine fails, {OutOfMemoryError} when it cannot allocate.
   */
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    outputs?: readonly string[],
  ): Promise<Record<string, RuntimeTensor>>;
  /** Frees what the engine holds. */
  close(): Promise<void>;
}

/** A session of a model file, which says what it is to be fed. */
export interface FileSession extends Session {
  /** Inputs without a value of their own. */
  readonly inputs: ReadonlyMap<string, TensorType>;
}

/** Arguments for opening a session: an emitted model and the arrays that stay the same from run to run. */
export interface SessionOptions {
  /** Weights, by name. Not copied: an optimizer may change them in place between runs. */
  readonly weights: ReadonlyMap<string, RuntimeTensor>;
  /** Threads inside one operator; default: the machine's cores. */
  readonly threads?: number;
  /** Folder-and-prefix of a profile of every operator; default: none. */
  readonly profile?: string;
}
