import type { DeviceTrial, TrialOptions } from "./device-trial.ts";
import type { Model } from "./ort.ts";
import type { FileSession, Session, SessionOptions } from "./session.ts";

/** The contract of a session module: all that this library asks of an engine. Imported as `#session`. */
export interface Sessions {
  /**
   * Opens a model with its weights bound.
   * @throws {EngineError} when the engine refuses the model.
   */
  openSession(model: Model, options: SessionOptions): Promise<Session>;
  /**
   * Opens a model file that holds its weights, or has them in files beside it, for a few runs.
   * @throws {EngineError} when the engine refuses the model.
   */
  openModelFile(path: string): Promise<FileSession>;
  /** Tries to open a session on WebGPU. */
  tryWebGpu(options?: TrialOptions): Promise<DeviceTrial>;
  /** Warnings about how the engine computes here, for whoever trains. */
  engineWarnings(): readonly string[];
}
