import { PROGRAM } from "./program.ts";
import { redacted } from "./redacted.ts";

/**
 * Details of an error besides its first line. Every part is optional and becomes a line of its own.
 */
export interface ErrorDetail {
  /** Place of the problem: `file:line`, a recipe key, a tensor name. */
  readonly where?: string;
  /** Accepted values. */
  readonly expected?: string;
  /** One thing to try. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Exit codes of the command line; a library user finds them on the error. */
export const EXIT = { done: 0, failed: 1, usage: 2, diverged: 3, memory: 4, interrupted: 130 } as const;

/**
 * Base of every error this library throws. `code` is stable and for programs; the message is for people:
 * what was given, where, what would do, one hint. Credentials within addresses are left out of it.
 */
export abstract class LowrankError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = EXIT.usage;

  constructor(what: string, detail: ErrorDetail = {}) {
    const lines = [what];
    if (detail.where) lines.push(`  at: ${detail.where}`);
    if (detail.expected) lines.push(`  expected: ${detail.expected}`);
    if (detail.hint) lines.push(`  hint: ${detail.hint}`);
    super(redacted(lines.join("\n")), detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
  }
}

/** Operands of an op whose types do not fit together. */
export class OperandError extends LowrankError {
  readonly code = "E_OPERAND";
  constructor(op: string, what: string, hint?: string) {
    super(`${op}: ${what}`, hint ? { hint } : {});
  }
}

/** A recipe, flag or option that is unknown, of the wrong type or out of range. */
export class RecipeError extends LowrankError {
  readonly code = "E_RECIPE";
}

/** A data set that is missing, empty or has rows that cannot be used. */
export class DataError extends LowrankError {
  readonly code = "E_DATA";
}

/** A file that was asked for and is not there, or cannot be read or written. */
export class FileError extends LowrankError {
  readonly code = "E_FILE";
}

/** A checkpoint whose files are malformed or disagree with each other. */
export class CheckpointError extends LowrankError {
  readonly code = "E_CHECKPOINT";
}

/** An adapter that does not fit the base model or the recipe. */
export class AdapterError extends LowrankError {
  readonly code = "E_ADAPTER";
}

/** A `model_type` that is not among those supported. */
export class ArchitectureError extends LowrankError {
  readonly code = "E_ARCHITECTURE";
}

/** A tokenizer that is missing or of a kind that is not supported. */
export class TokenizerError extends LowrankError {
  readonly code = "E_TOKENIZER";
}

/** Weights that cannot be split into the blocks asked for. */
export class BlockSizeError extends LowrankError {
  readonly code = "E_BLOCK_SIZE";
}

/** Patterns and the names they were matched against, for programs; the message has the same for people. */
export interface Selection {
  /** Patterns that matched nothing. */
  readonly patterns: readonly string[];
  /** Names they were matched against: paths of modules, or numbers of layers. */
  readonly available: readonly string[];
}

const NOTHING: Selection = { patterns: [], available: [] };

/** A module pattern selected nothing, so the method would train nothing there. */
export class NoTargetError extends LowrankError {
  readonly code = "E_NO_TARGET";
  readonly patterns: readonly string[];
  readonly available: readonly string[];
  constructor(what: string, detail: ErrorDetail = {}, { patterns, available }: Selection = NOTHING) {
    super(what, detail);
    this.patterns = patterns;
    this.available = available;
  }
}
/** Loss or gradients are no longer finite. The last good state was saved where the message says. */
export class DivergedError extends LowrankError {
  readonly code = "E_DIVERGED";
  override readonly exitCode = EXIT.diverged;
}

/** The machine could not give the memory that a run needs. */
export class OutOfMemoryError extends LowrankError {
  readonly code = "E_MEMORY";
  override readonly exitCode = EXIT.memory;
}

/** The engine refused a graph or failed while running it. */
export class EngineError extends LowrankError {
  readonly code = "E_ENGINE";
  override readonly exitCode = EXIT.failed;
}

/** A device that is missing, computes wrong numbers, or has no room for a tensor. */
export class DeviceError extends LowrankError {
  readonly code = "E_DEVICE";
}

/** A run that was stopped before its end; what it had reached was written. */
export class InterruptedError extends LowrankError {
  readonly code = "E_INTERRUPTED";
  override readonly exitCode = EXIT.interrupted;
}

/**
 * The error as a typed one, where Node or V8 say in words of their own that there is no memory left: an array that cannot
 * be allocated, a thread whose heap is full. Any other error as it is.
 */
export function typedMemoryError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof LowrankError) return error;
  const heap = (error as { code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY";
  const array =
    error instanceof RangeError && /allocation failed|Invalid (typed )?array (buffer )?length/i.test(error.message);
  if (!heap && !array) return error;
  return new OutOfMemoryError(heap ? "the JavaScript heap is full." : "the system is out of memory.", {
    hint: heap
      ? "NODE_OPTIONS=--max-old-space-size=8192 allows 8 GB; fewer or shorter rows need less."
      : `use a smaller per_device_train_batch_size or max_length; ${PROGRAM} plan estimates the memory of a run.`,
    cause: error,
  });
}

/** An error as plain data, to cross from one thread or process to another. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Additional fields of a typed error. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: PlainError;
}

const CLASSES: Readonly<Record<string, new (what: string, detail: ErrorDetail) => LowrankError>> = {
  RecipeError,
  DataError,
  FileError,
  CheckpointError,
  AdapterError,
  ArchitectureError,
  TokenizerError,
  BlockSizeError,
  NoTargetError,
  DivergedError,
  OutOfMemoryError,
  EngineError,
  DeviceError,
  InterruptedError,
};

/** Serializable form of an error: complete for a typed one, otherwise the fields that every error has. */
export function plainError(error: unknown): PlainError {
  const { name, message, stack = "", cause } = error instanceof Error ? error : new Error(String(error));
  return {
    ...{ name, message, stack },
    ...(error instanceof LowrankError && { data: { ...error } }),
    ...(cause instanceof Error && { cause: plainError(cause) }),
  };
}

/** The error again: of its class, with its message, its data, its cause and the stack of the thread that threw it. */
export function revivedError({ name, message, stack, data, cause }: PlainError): Error {
  const Class = CLASSES[name];
  const detail = cause ? { cause: revivedError(cause) } : {};
  const typed = name === "OperandError" ? new OperandError("", "") : Class && new Class("", detail);
  return Object.assign(typed ?? new Error("", detail), data, { name, message, stack });
}
