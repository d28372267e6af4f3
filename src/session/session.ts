import type { DType, TensorType } from "../ir/types.ts";

/** Elements as the engine takes and gives them: half floats travel as their bits. */
export type Elements = Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

/** A tensor at run time, row-major. */
export interface RuntimeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** Devices that a session can run on. */
export type DeviceName = "cpu" | "webgpu";

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
  /**
   * Takes note that arrays of weights have changed in place since the last run: the copies on a device are made anew before the
   * next one. Whoever changes a weight while a session is open calls it; sessions that share the copy see the new values, too.
   */
  weightsChanged(names: Iterable<string>): void;
  /** Frees what the engine holds. */
  close(): Promise<void>;
}

/** A session of a model file, which says what it is to be fed. */
export interface FileSession extends Omit<Session, "weightsChanged"> {
  /** Inputs without a value of their own. */
  readonly inputs: ReadonlyMap<string, TensorType>;
}

/** Arguments for opening a session: an emitted model and the arrays that stay the same from run to run. */
export interface SessionOptions {
  /** Weights, by name. On a CPU they are not copied; a device has one copy of each array for all sessions that are open. */
  readonly weights: ReadonlyMap<string, RuntimeTensor>;
  /** Device that it runs on; default: the CPU. */
  readonly device?: DeviceName;
  /** Threads inside one operator; default: the machine's cores. */
  readonly threads?: number;
  /** Folder-and-prefix of a profile of every operator; default: none. */
  readonly profile?: string;
}
