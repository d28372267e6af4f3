import type { Readable, Writable } from "node:stream";
import { InterruptedError } from "../../errors.ts";
import type { Io } from "./output.ts";

/** One of several answers. */
export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** Asks on a terminal. Every question ends with an `InterruptedError` when it is left by Ctrl-C or Escape. */
export interface Questions {
  /** @param preset The choice that the cursor stands on. */
  choose<Value extends string>(message: string, choices: readonly Choice<Value>[], preset?: Value): Promise<Value>;
  /** @param preset What an empty answer means; without one, something must be said. */
  text(message: string, preset?: string): Promise<string>;
  confirm(message: string): Promise<boolean>;
  /** Something said between questions. */
  say(message: string): void;
  /** The same, of an answer that does not do. */
  object(message: string): void;
}

/** Questions over these streams. */
export async function openQuestions(stdin: Io["stdin"], stderr: Io["stderr"]): Promise<Questions> {
  const clack = await import("@clack/prompts");
  const streams = { input: stdin as Readable, output: stderr as Writable };
  const answered = async <Value>(answer: Promise<Value | typeof clack.CANCEL_SYMBOL>): Promise<Value> => {
    const given = await answer;
    if (clack.isCancel(given)) throw new InterruptedError("no recipe was written.");
    return given as Value;
  };
  return {
    choose: <Value extends string>(message: string, choices: readonly Choice<Value>[], preset?: Value) => {
      const options = choices.map((choice) => ({ ...choice })) as Parameters<typeof clack.select<Value>>[0]["options"];
      return answered(clack.select({ ...streams, message, options, ...(preset && { initialValue: preset }) }));
    },
    text: async (message, preset) => {
      const shown = preset === undefined ? {} : { placeholder: preset, defaultValue: preset };
      const validate = (text = ""): string | undefined =>
        text.trim() === "" && preset === undefined ? "please answer" : undefined;
      return (await answered(clack.text({ ...streams, message, ...shown, validate }))).trim();
    },
    confirm: (message) => answered(clack.confirm({ ...streams, message, initialValue: false })),
    say: (message) => clack.log.info(message, streams),
    object: (message) => clack.log.error(message, streams),
  };
}
