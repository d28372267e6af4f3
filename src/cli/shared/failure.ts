import { CommanderError } from "commander";
import { EXIT, LowrankError, typedMemoryError } from "../../errors.ts";
import { redacted } from "../../redacted.ts";
import type { Output } from "./output.ts";

/** Says what went wrong, and returns the exit code for it. The stack is shown with `--verbose` only. */
export function reportFailure(thrown: unknown, output: Output): number {
  const error = typedMemoryError(thrown);
  const { code, message: whole, exitCode } = describe(error);
  const message = redacted(whole);
  if (message === "") return exitCode;
  output.alert(output.styleNote("red", message));
  if (output.verbose && error instanceof Error) output.alert(output.styleNote("dim", redacted(stacks(error))));
  output.record({ event: "error", code, message, exit_code: exitCode });
  return exitCode;
}

function describe(error: unknown): { code: string; message: string; exitCode: number } {
  if (error instanceof LowrankError) return error;
  if (error instanceof CommanderError) {
    const shown = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    const isReported = shown || error.code === "commander.help";
    const message = isReported ? "" : error.message.replace(/^error: /, "");
    return { code: "E_USAGE", message, exitCode: shown ? EXIT.done : EXIT.usage };
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `${what}\n  hint: this error is unexpected; --verbose shows its stack trace.`;
  return { code: "E_UNEXPECTED", message, exitCode: EXIT.failed };
}

/** The stack of an error and of each of its causes. */
function stacks(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stacks(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
