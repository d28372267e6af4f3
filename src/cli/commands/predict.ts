import { createInterface } from "node:readline";
import { RecipeError } from "../../errors.ts";
import type { CliCommand, Context } from "../command.ts";
import { fetchFirst } from "../download.ts";
import { addRecipeFlags } from "../options.ts";
import { sourceOf } from "../source.ts";

/** `lowrank predict --adapter_name_or_path DIR [--input FILE] [TEXT…]`: one JSON line a text, with or without `--json`. */
export const predict: CliCommand = {
  define(command) {
    command
      .argument("[texts...]", "texts to label; without any, and without --input, the lines of stdin")
      .option("--input <file>", "file of texts: one a line, or .jsonl with a text each");
    addRecipeFlags(command, ["adapter_name_or_path", "model_name_or_path"]);
  },
  async run(context) {
    const source = sourceOf(context);
    if (source.adapter === undefined && source.model === undefined) {
      throw new RecipeError("predict needs a model to label with.", {
        expected: "--adapter_name_or_path DIR, --model_name_or_path MODEL, or both",
        hint: "the output_dir of a training run is such a folder.",
      });
    }
    const { predict, readTexts } = await import("../../index.ts");
    const texts = textsOf(context, readTexts);
    await fetchFirst(source, context.output);
    for await (const prediction of predict({ ...source, texts })) {
      context.output.record(prediction);
      context.output.result(JSON.stringify(prediction));
    }
  },
};

type Texts = AsyncIterable<string> | readonly string[];

function textsOf({ args, options, stdin }: Context, readTexts: (path: string) => Texts): Texts {
  const { input } = options;
  if (args.length > 0 && input !== undefined) {
    throw new RecipeError("predict was given both texts and --input.", { expected: "one of them" });
  }
  if (input !== undefined) return readTexts(String(input));
  if (args.length > 0) return args;
  if (stdin.isTTY) {
    throw new RecipeError("predict was given no text.", {
      expected: "TEXT arguments, --input FILE, or lines on stdin",
      hint: 'lowrank predict --adapter_name_or_path out "Either party may terminate this agreement."',
    });
  }
  return lines(stdin);
}

/** Lines of a stream, blank ones left out; it is touched only when the first is asked for: readline drops what comes before. */
async function* lines(input: Context["stdin"]): AsyncGenerator<string> {
  for await (const line of createInterface({ input })) if (line.trim() !== "") yield line;
}
