import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { SOURCE_KEYS, sourceOf } from "../shared/source.ts";
import { addTexts, textsOf } from "../shared/texts.ts";

/** Digits of a probability that float32 logits decide. */
const DIGITS = 7;
const inDigits = (_: string, value: unknown): unknown =>
  typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value;

const EXAMPLE = `${PROGRAM} predict --adapter_name_or_path out "Either party may terminate this agreement."`;

/** `lowrank predict --adapter_name_or_path DIR [--input FILE] [TEXT…]`: one JSON line a text, with or without `--json`. */
export const predict: CliCommand = {
  examples: [
    `${PROGRAM} predict --adapter_name_or_path out/lora "The licensor accepts no liability for lost profits."`,
    `${PROGRAM} predict --adapter_name_or_path out/lora --input clauses.jsonl > labels.jsonl`,
    `cat clauses.txt | ${PROGRAM} predict --adapter_name_or_path out/lora`,
  ],
  define(command) {
    addTexts(command, "label");
    addRecipeFlags(command, SOURCE_KEYS);
  },
  async run(context) {
    const source = sourceOf(context);
    if (source.adapter === undefined && source.model === undefined) {
      throw new RecipeError("predict needs a trained model or adapter.", {
        expected: "--adapter_name_or_path DIR, --model_name_or_path MODEL, or both",
        hint: "the output_dir of a training run is such a folder.",
      });
    }
    const { predict } = await import("../library/index.ts");
    const { output } = context;
    const texts = textsOf(context, "predict", EXAMPLE);
    const given = "file" in texts ? { input: texts.file } : { texts };
    await fetchFirst(source, output);
    let [count, failed, words] = [0, 0, 0];
    const warn = (text: string): void => output.alert(output.styleNote("yellow", `warning: ${text}`));
    for await (const prediction of predict({ ...source, ...given, onWarning: warn })) {
      count++;
      if ("error" in prediction) failed++;
      if ("words" in prediction) words += prediction.words.filter(({ label }) => label === null).length;
      const rounded = JSON.parse(JSON.stringify(prediction, inDigits));
      output.record(rounded);
      output.result(JSON.stringify(rounded));
    }
    if (failed > 0) warn(`texts without a label: ${failed} of ${count}; "error" on the line of each says why`);
    if (words > 0) warn(`words without a label: ${words}; they have no tokens, or lie beyond max_length`);
  },
};
