import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import type { EmbedOptions } from "../library/index.ts";
import type { CliCommand, Context } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { SOURCE_KEYS, sourceOf } from "../shared/source.ts";
import { addTexts, textsOf } from "../shared/texts.ts";

/** Digits with which a float32 can be read back as it was. */
const DIGITS = 9;

const EXAMPLE = `${PROGRAM} embed --model_name_or_path embedded "Either party may terminate this agreement."`;

/** `lowrank embed --model_name_or_path M [--adapter_name_or_path DIR] [--input FILE] [TEXT…]`: one JSON line a text. */
export const embed: CliCommand = {
  examples: [
    `${PROGRAM} embed --model_name_or_path sentence-transformers/all-MiniLM-L6-v2 "Who pays for the repair?"`,
    `${PROGRAM} embed --adapter_name_or_path out/search --input clauses.jsonl > vectors.jsonl`,
    `cat clauses.txt | ${PROGRAM} embed --model_name_or_path out/search --dims 128 --normalize`,
  ],
  define(command) {
    addTexts(command, "embed");
    command
      .option("--dims <integer>", "length of an embedding: its first so many numbers [all]")
      .option("--normalize", "divide embeddings by their length [as the model's files have it]")
      .option("--prompt_name <name>", "prompt of the model to put before each text [the one that its files name]");
    addRecipeFlags(command, SOURCE_KEYS);
  },
  async run(context) {
    const source = sourceOf(context);
    const { model, adapter, device } = source;
    const name = model ?? adapter;
    if (name === undefined) {
      throw new RecipeError("embed needs a model.", {
        expected: "--model_name_or_path MODEL, --adapter_name_or_path DIR, or both",
        hint: "any encoder gives embeddings; one that was trained for them, as all-MiniLM-L6-v2, gives good ones.",
      });
    }
    const { embed } = await import("../library/index.ts");
    const { output } = context;
    const texts = textsOf(context, "embed", EXAMPLE);
    await fetchFirst(source, output);
    const warn = (text: string): void => output.alert(output.styleNote("yellow", `warning: ${text}`));
    const settings = {
      ...settingsOf(context),
      ...(device && { device }),
      ...(model !== undefined && adapter !== undefined && { adapter }),
    };
    let [count, failed] = [0, 0];
    for await (const { embedding, ...rest } of embed(name, texts, { ...settings, onWarning: warn })) {
      count++;
      if (embedding === null) failed++;
      const line = { ...rest, embedding: embedding && Array.from(embedding, (x) => Number(x.toPrecision(DIGITS))) };
      output.record(line);
      output.result(JSON.stringify(line));
    }
    if (failed > 0) warn(`texts without an embedding: ${failed} of ${count}; "error" on the line of each says why`);
  },
};

function settingsOf({ options }: Context): EmbedOptions {
  const { dims, normalize, prompt_name: promptName } = options;
  return {
    ...(dims !== undefined && { dims: Number(dims) }),
    ...(normalize === true && { normalize }),
    ...(promptName !== undefined && { promptName: String(promptName) }),
  };
}
