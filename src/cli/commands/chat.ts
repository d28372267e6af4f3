import { createInterface } from "node:readline/promises";
import { LowrankError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import type { Message, TextGenerator } from "../library/index.ts";
import type { CliCommand, Context } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addGenerationFlags, generateOptions, generatorSource, warner } from "../shared/generation.ts";
import { streamReply } from "../shared/stream-reply.ts";

const HELP = `/adapter DIR  switch adapter   /base  disable the adapter   /reset  clear the conversation   /exit  quit`;

/** `lowrank chat --model_name_or_path M [--adapter_name_or_path DIR]`: a conversation, line by line. */
export const chat: CliCommand = {
  examples: [
    `${PROGRAM} chat --model_name_or_path HuggingFaceTB/SmolLM2-135M-Instruct`,
    `${PROGRAM} chat --adapter_name_or_path out/lora --system "Answer in one sentence."`,
  ],
  define(command) {
    command.option("--system <text>", "system message at the start of the conversation");
    addGenerationFlags(command);
  },
  async run(context) {
    const source = generatorSource(context, "chat");
    const { TextGenerator } = await import("../library/index.ts");
    await fetchFirst(source, context.output);
    const generator = await TextGenerator.open({ ...source, onWarning: warner(context.output) });
    try {
      generator.render([{ role: "user", content: "" }]); // refuses a model that cannot chat before anything is typed
      await converse(generator, context);
    } finally {
      await generator.close();
    }
  },
};

async function converse(generator: TextGenerator, context: Context): Promise<void> {
  const { output, stdin, options } = context;
  const settings = generateOptions(context);
  const system: Message[] = options.system === undefined ? [] : [{ role: "system", content: String(options.system) }];
  let messages = [...system];
  output.note(HELP);
  const ask = (): unknown => stdin.isTTY && !output.json && output.stream(output.style("bold", "> "));
  ask();
  for await (const line of createInterface({ input: stdin })) {
    const [command, ...rest] = line.trim().split(/\s+/);
    if (command === "/exit") return;
    if (command === "/reset") messages = [...system];
    else if (command === "/base" || command === "/adapter") {
      const adapter = command === "/base" ? undefined : rest.join(" ");
      const swapped = await tryTo(async () => {
        if (adapter !== undefined) await fetchFirst({ model: adapter }, output); // it alone: the base stays
        await generator.use(adapter);
      }, context);
      if (swapped) output.note(adapter === undefined ? "the base model alone" : `adapter ${adapter}`);
    } else if (command?.startsWith("/")) output.note(HELP);
    else if (command !== undefined && command !== "") {
      messages = [...messages, { role: "user", content: line }];
      const reply = await streamReply(generator, messages, settings, output);
      messages = [...messages, { role: "assistant", content: reply.text }];
    }
    ask();
  }
}

/** A wrong adapter ends no conversation. */
async function tryTo(act: () => Promise<void>, { output }: Context): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof LowrankError)) throw error;
    output.alert(error.message);
    return false;
  }
}
