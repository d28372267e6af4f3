import type { Command } from "commander";
import type { Io, Output } from "./output.ts";

/** Arguments of a command when it runs. */
export interface Context {
  /** Positional arguments. */
  readonly args: readonly string[];
  /** The command's own options, under commander's names. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Recipe keys given as flags. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly output: Output;
  readonly stdin: Io["stdin"];
  /** Makes Ctrl-C a wish to stop in good order, told through this signal. */
  interruptible(): AbortSignal;
}

/** A command: its flags, its examples and its action. Its module is loaded only when it is called. */
export interface CliCommand {
  /** Two or three command lines that people type, for the end of its `--help`. */
  readonly examples: readonly string[];
  define(command: Command): void;
  run(context: Context): Promise<void>;
}
