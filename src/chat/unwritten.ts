import { DataError, LowrankError } from "../errors.ts";
import type { RenderChat, RenderOptions } from "./chat-template.ts";
import type { Message } from "./conversation.ts";

/** A conversation as a chat template wrote it. */
export interface WrittenChat {
  readonly messages: readonly Message[];
  readonly text: string;
  readonly options: RenderOptions;
}

/**
 * Refuses a conversation whose tool calls, or tools' results, the template leaves out: an empty turn would be trained.
 * @throws {DataError} naming the message.
 */
export function refuseUnwritten({ messages, text, options }: WrittenChat, render: RenderChat): void {
  messages.forEach((message, i) => {
    const { tool_calls: calls, ...rest } = message;
    const isCall = Array.isArray(calls) && calls.length > 0;
    if (!isCall && message.role !== "tool") return;
    const without = isCall ? messages.with(i, { content: "", ...rest, role: message.role }) : messages.toSpliced(i, 1);
    if (!isWritten(() => render(without, options), text)) throw unwritten(isCall ? "tool calls" : "text", i, options);
  });
}

/** True when the row has tools that the template leaves out. */
export function leavesOutTools({ messages, text, options }: WrittenChat, render: RenderChat): boolean {
  const { tools } = options.variables ?? {};
  if (!Array.isArray(tools) || tools.length === 0) return false;
  const variables = { ...options.variables, tools: null };
  return !isWritten(() => render(messages, { ...options, variables }), text);
}

/** True when a text differs from what is written without a part of it; a template that refuses the rest needs the part. */
function isWritten(without: () => string, text: string): boolean {
  try {
    return without() !== text;
  } catch (error) {
    if (error instanceof LowrankError) return true;
    throw error;
  }
}

const unwritten = (what: string, i: number, { where }: RenderOptions): DataError =>
  new DataError(`the chat template does not write the ${what} of message ${i + 1}`, {
    where,
    expected: "a model whose chat template writes tool calls and their results",
    hint: "write them into the content of an assistant's or user's message, or remove the row.",
  });
