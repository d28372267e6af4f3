import { DataError } from "../errors.ts";
import { hasMarks, marksBeside, rangesOf } from "../tokenizer/generation-marks.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { RenderChat } from "./chat-template.ts";
import type { Message } from "./conversation.ts";
import type { TemplateVariables } from "./language-row.ts";

/** A conversation as a chat template and a tokenizer made it. */
export interface EncodedChat {
  readonly messages: readonly Message[];
  readonly text: string;
  readonly ids: readonly number[];
  readonly variables: TemplateVariables;
  readonly where: string;
}

/**
 * Mask of the tokens that an assistant writes, the end of its turn included: those that the template marks with
 * `{% generation %}`, as in transformers.
 *
 * Without marks, every turn is bounded by two beginnings of the conversation: up to it, ready for an answer, and up to its end. Each
 * must come out as the conversation itself begins, but for what templates write after the last message only.
 *
 * @returns `[ids.length]`: 1 at the assistants' tokens, 0 elsewhere.
 * @throws {DataError} when the template writes a beginning otherwise than the whole, so that no border can be told,
 *   or marks whose tokens cannot be told.
 */
export function assistantTokens(chat: EncodedChat, render: RenderChat, tokenizer: Tokenizer): Uint8Array {
  if (hasMarks(tokenizer.chatTemplate ?? "")) return markedTokens(chat, render, tokenizer);
  const { messages, ids, variables, where } = chat;
  const blank = (id: number): boolean => isBlank(id, tokenizer);
  const ending = (id: number): boolean => tokenizer.added.has(id) || blank(id);

  /** Number of tokens of the first `count` messages; after them, `rest` may stand for something else. */
  const border = (count: number, addGenerationPrompt: boolean, rest: (id: number) => boolean): number => {
    const text = render(messages.slice(0, count), { addGenerationPrompt, variables, where });
    const start = tokenizer.encodePlain(text);
    const length = commonPrefix(start, ids);
    if (start.slice(length).every(rest)) return length;
    throw new DataError(`the chat template renders the first ${count} messages differently when they stand alone`, {
      where,
      expected: `"${tokenizer.decode(start.slice(length), { specials: true }).slice(0, 60)}" at the same place in both`,
      hint: "assistant_only_loss needs a template that renders a message the same whatever follows it, or one turn a row.",
    });
  };

  const mask = new Uint8Array(ids.length);
  messages.forEach(({ role }, i) => {
    if (role === "assistant") mask.fill(1, border(i, true, blank), border(i + 1, false, ending));
  });
  return mask;
}

function markedTokens(chat: EncodedChat, render: RenderChat, tokenizer: Tokenizer): Uint8Array {
  const { messages, text, ids, variables, where } = chat;
  const marks = marksBeside(text);
  const marked = rangesOf(render(messages, { variables, where, marks }), marks);
  if (marked?.text !== text) {
    throw new DataError("the chat template changes the text of a {% generation %} block after the block ends", {
      where,
      expected: "blocks whose text is output unchanged, with no filter around them",
    });
  }
  const tokens = tokenizer.tokensOf(text, marked.ranges);
  if (!tokens) {
    throw new DataError("the first or last token of a {% generation %} block cannot be determined", {
      where,
      expected: "blocks that begin and end at a token boundary",
      hint: "normalize the text of this row to Unicode NFC, or place the block's ends next to a special token.",
    });
  }
  const mask = new Uint8Array(ids.length);
  for (const range of tokens) if (range) mask.fill(1, range[0], range[1] + 1);
  return mask;
}

/** True when a token is white space. */
export const isBlank = (id: number, tokenizer: Tokenizer): boolean =>
  tokenizer.decode([id], { specials: true }).trim() === "";

/** Length of the common prefix of two lists. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
