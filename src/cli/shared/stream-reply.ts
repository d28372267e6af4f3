import type { Generated, GenerateOptions, Message, TextGenerator } from "../library/index.ts";
import { snakeCaseKeys } from "../library/index.ts";
import { counted } from "./format.ts";
import type { Output } from "./output.ts";

/** Prints a text as it is generated; says at the end how fast that was. With `--json`, one object once it is complete. */
export async function streamReply(
  generator: TextGenerator,
  prompt: string | readonly Message[],
  options: GenerateOptions,
  output: Output,
  facts: Readonly<Record<string, string>> = {},
): Promise<Generated> {
  const parts = generator.generate(prompt, options);
  for (;;) {
    const { done, value } = await parts.next();
    if (!done) {
      output.stream(value);
      continue;
    }
    output.result("");
    output.record({ ...facts, ...snakeCaseKeys(value) });
    const { newTokens, tokensPerSecond, reason } = value;
    const speed = newTokens > 1 ? `, ${tokensPerSecond.toFixed(1)} tokens/s` : "";
    output.note(output.styleNote("dim", `${counted(newTokens, "token")}${speed}, ended by ${reason}`));
    return value;
  }
}
