import { DataError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { chatRenderer, type RenderChat } from "./chat-template.ts";
import type { Message } from "./conversation.ts";

/** A part of a message, as chat templates know it. */
export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/**
 * Checks the parts of a message's content: `{type: "text", text}`, or strings.
 * @param name The message, for error messages.
 * @throws {DataError} for a part that is no text, such as an image.
 */
export function textParts(parts: readonly unknown[], name: string, where: string): TextPart[] {
  return parts.map((part, i) => {
    if (typeof part === "string") return { type: "text", text: part };
    const { type = "text", text } = (part ?? {}) as Partial<Record<keyof TextPart, unknown>>;
    if (type === "text" && typeof text === "string") return { type, text };
    const kind = typeof type === "string" && type !== "text" ? `of type ${type}` : "without text";
    throw new DataError(`part ${i + 1} of ${name} is ${kind}: ${String(JSON.stringify(part)).slice(0, 60)}`, {
      where,
      expected: 'parts of text only, such as {"type": "text", "text": "…"}',
      hint: "images and sound are not supported; remove such messages.",
    });
  });
}

const PROBE = "lowrank probe";

/**
 * The tokenizer's chat template for messages whose content may be a list of parts. A template that would print the list as
 * it is, or fail on it, gets the parts' text in one piece instead.
 * @throws {TokenizerError} as `chatRenderer`.
 */
export function partsRenderer(tokenizer: Tokenizer, where: string): RenderChat {
  const render = chatRenderer(tokenizer, where);
  let takesParts: boolean | undefined;
  return (messages, options) => {
    if (!messages.some(({ content }) => Array.isArray(content))) return render(messages, options);
    takesParts ??= readsParts(render);
    return render(takesParts ? messages : messages.map((message) => inOnePiece(message, options.where)), options);
  };
}

/** True when a template writes the text of parts, without the list around it. */
function readsParts(render: RenderChat): boolean {
  const content = [
    { type: "text", text: `${PROBE} 1` },
    { type: "text", text: `${PROBE} 2` },
  ];
  try {
    const text = render([{ role: "user", content }], { where: "chat_template" });
    const [from, to] = [text.indexOf(PROBE), text.lastIndexOf(PROBE)];
    return from !== -1 && from !== to && !/["'](type|text)["']/.test(text.slice(Math.max(0, from - 20), to));
  } catch {
    return false;
  }
}

function inOnePiece(message: Message, where: string): Message {
  const { content } = message;
  if (!Array.isArray(content)) return message;
  const text = textParts(content, `a message of the ${message.role}`, where);
  return { ...message, content: text.map((part) => part.text).join("") };
}
