import { RecipeError } from "../../errors.ts";
import type { PredictOptions } from "../library/index.ts";
import type { CliCommand, Context } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { sourceOf } from "../shared/source.ts";
import { textLines } from "../shared/text-lines.ts";

/** `lowrank predict --adapter_name_or_path DIR [--input FILE] [TEXT…]`: one JSON line a text, with or without `--json`. */
export const predict: CliCommand = {
  examples: [
    'lowrank predict --adapter_name_or_path out/lora "The licensor accepts no liability for lost profits."',
    "lowrank predict --adapter_name_or_path out/lora --input clauses.jsonl > labels.jsonl",
    "cat clauses.txt | lowrank predict --adapter_name_or_path out/lora",
  ],
  define(command) {
    command
      .argument("[texts...]", "texts to label; without any, and without --input, the lines of stdin")
      .option(
        "--input <file>",
        "file of texts: .jsonl, .json, .csv or .parquet as train reads them, or a text on each line",
      );
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
    const { predict } = await import("../library/index.ts");
    const { output } = context;
    const texts = textsOf(context);
    await fetchFirst(source, output);
    let [count, failed, words] = [0, 0, 0];
    const warn = (text: string): void => output.alert(output.styleNote("yellow", `warning: ${text}`));
    for await (const prediction of predict({ ...source, ...texts, onWarning: warn })) {
      count++;
      if ("error" in prediction) failed++;
      if ("words" in prediction) words += prediction.words.filter(({ label }) => label === null).length;
      output.record(prediction);
      output.result(JSON.stringify(prediction));
    }
    if (failed > 0) warn(`texts without a label: ${failed} of ${count}; "error" on the line of each says why`);
    if (words > 0) warn(`words without a label: ${words}; they have no tokens, or lie beyond max_length`);
  },
};

type Given = Pick<PredictOptions, "texts" | "input">;

function textsOf({ args, options, stdin }: Context): Given {
  const { input } = options;
  if (args.length > 0 && input !== undefined) {
    throw new RecipeError("predict was given both texts and --input.", { expected: "one of them" });
  }
  if (input !== undefined) return { input: String(input) };
  if (args.length > 0) return { texts: args };
  if (stdin.isTTY) {
    throw new RecipeError("predict was given no text.", {
      expected: "TEXT arguments, --input FILE, or lines on stdin",
      hint: 'lowrank predict --adapter_name_or_path out "Either party may terminate this agreement."',
    });
  }
  return { texts: textLines(stdin) };
}
