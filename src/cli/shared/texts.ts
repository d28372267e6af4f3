import type { Command } from "commander";
import { RecipeError } from "../../errors.ts";
import type { TextSource } from "../library/index.ts";
import type { Context } from "./command.ts";
import { textLines } from "./text-lines.ts";

/** Adds the texts of a command, and the file of them. @param verb What is done with them: `label`. */
export function addTexts(command: Command, verb: string): void {
  command
    .argument("[texts...]", `texts to ${verb}; without any, and without --input, the lines of stdin`)
    .option(
      "--input <file>",
      "file of texts: .jsonl, .json, .csv, .tsv or .parquet as train reads them, or a text on each line",
    );
}

/**
 * The texts of a command: its arguments, a file, or the lines of stdin.
 * @param example A command line that has a text.
 * @throws {RecipeError} for none, or two of them.
 */
export function textsOf({ args, options, stdin }: Context, command: string, example: string): TextSource {
  const { input } = options;
  if (args.length > 0 && input !== undefined) {
    throw new RecipeError(`${command} was given both texts and --input.`, { expected: "one of them" });
  }
  if (input !== undefined) return { file: String(input) };
  if (args.length > 0) return args;
  if (stdin.isTTY) {
    throw new RecipeError(`${command} was given no text.`, {
      expected: "TEXT arguments, --input FILE, or lines on stdin",
      hint: example,
    });
  }
  return textLines(stdin);
}
