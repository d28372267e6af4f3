import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addGenerationFlags, generateOptions, generatorSource, warner } from "../shared/generation.ts";
import { streamReply } from "../shared/stream-reply.ts";

/** `lowrank generate --model_name_or_path M [--adapter_name_or_path DIR] PROMPT…`: goes on with texts, as they come. */
export const generate: CliCommand = {
  examples: [
    `${PROGRAM} generate --model_name_or_path HuggingFaceTB/SmolLM2-135M-Instruct --chat "What is a lease?"`,
    `${PROGRAM} generate --adapter_name_or_path out/lora --max_new_tokens 50 "This Agreement"`,
  ],
  define(command) {
    command
      .argument("<prompts...>", "prompts to continue")
      .option("--chat", "treat each prompt as a user message and apply the model's chat template")
      .option("--side_by_side", "print the base model's text first, then the adapter's");
    addGenerationFlags(command);
  },
  async run(context) {
    const source = generatorSource(context, "generate");
    const options = generateOptions(context);
    const { adapter } = source;
    const both = context.options.side_by_side === true;
    if (both && adapter === undefined) {
      throw new RecipeError("--side_by_side needs an adapter.", { expected: "--adapter_name_or_path DIR" });
    }
    const { TextGenerator } = await import("../library/index.ts");
    await fetchFirst(source, context.output);
    const signal = context.interruptible();
    const generator = await TextGenerator.open({ ...source, onWarning: warner(context.output) });
    try {
      for (const text of context.args) {
        const prompt = context.options.chat === true ? [{ role: "user", content: text }] : text;
        if (both) {
          await generator.use(undefined);
          context.output.note(context.output.styleNote("dim", "base:"));
          await streamReply(generator, prompt, { ...options, signal }, context.output, { prompt: text, from: "base" });
          await generator.use(adapter);
          context.output.note(context.output.styleNote("dim", "adapter:"));
        }
        const from = adapter === undefined ? "base" : "adapter";
        await streamReply(generator, prompt, { ...options, signal }, context.output, { prompt: text, from });
        if (signal.aborted) break;
      }
    } finally {
      await generator.close();
    }
  },
};
