import { assistantTokens, commonPrefix, isBlank } from "../chat/assistant-tokens.ts";
import type { RenderChat } from "../chat/chat-template.ts";
import type { LanguageRow } from "../chat/language-row.ts";
import { leavesOutTools, refuseUnwritten } from "../chat/unwritten.ts";
import { DataError } from "../errors.ts";
import { encodeBegunOnce } from "../tokenizer/single-bos.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Options that select the trained tokens of a row. The names are the recipe's. */
export interface LossOptions {
  /** Train on completions, not on prompts. */
  readonly completionOnlyLoss: boolean;
  /** Train on what assistants say, not on what they are told. */
  readonly assistantOnlyLoss: boolean;
}

/** All tokens of a row, before anything is cut. */
export interface Sequence {
  readonly ids: readonly number[];
  /** `[ids.length]`: 1 where the token is trained. */
  readonly trained: Uint8Array;
  /** The tokens of the prompt alone are not those that prompt and completion begin with. */
  readonly mismatch: boolean;
  /** The text begins with the token that the tokenizer puts before it. */
  readonly repeatedBos?: boolean;
  /** True when the row has tools that the chat template leaves out. */
  readonly leavesOutTools?: boolean;
  /** Index of the trained token that ends the text or the last answer, if there is one. */
  readonly end: number | undefined;
}

type RowOf<Kind extends LanguageRow["kind"]> = Extract<LanguageRow, { readonly kind: Kind }>;

/**
 * Tokenises one row; `undefined` for an empty text.
 * @throws {DataError} for a row that the template refuses, or one without messages under `assistantOnlyLoss`.
 */
export function sequenceOf(
  row: LanguageRow,
  tokenizer: Tokenizer,
  render: RenderChat,
  loss: LossOptions,
): Sequence | undefined {
  if (row.kind === "messages") return messagesSequence(row, tokenizer, render, loss);
  if (row.kind === "answer") return replySequence(row, tokenizer, render, loss);
  if (loss.assistantOnlyLoss) throw noConversation(row.where);
  return row.kind === "text" ? textSequence(row, tokenizer) : completionSequence(row, tokenizer, loss);
}

function textSequence({ text }: RowOf<"text">, tokenizer: Tokenizer): Sequence | undefined {
  const eos = tokenizer.special.eos_token;
  const { ids, specials, repeated: repeatedBos } = encodeBegunOnce(ended(text, eos), tokenizer);
  const own = ids.length - specials - (eos === undefined ? 0 : 1);
  return own > 0 ? { ids, trained: all(ids), mismatch: false, repeatedBos, end: endOfText(ids, tokenizer) } : undefined;
}

function completionSequence(
  { prompt, completion }: RowOf<"completion">,
  tokenizer: Tokenizer,
  loss: LossOptions,
): Sequence {
  const whole = prompt + ended(completion, tokenizer.special.eos_token);
  const { ids, repeated: repeatedBos } = encodeBegunOnce(whole, tokenizer);
  const idsOfPrompt = () => encodeBegunOnce(prompt, tokenizer).ids;
  return { ids, ...afterPrompt(ids, idsOfPrompt, loss), repeatedBos, end: endOfText(ids, tokenizer) };
}

function messagesSequence(
  { messages, variables, where }: RowOf<"messages">,
  tokenizer: Tokenizer,
  render: RenderChat,
  loss: LossOptions,
): Sequence {
  const text = render(messages, { variables, where });
  const written = { messages, text, options: { variables, where } };
  refuseUnwritten(written, render);
  const ids = tokenizer.encodePlain(text);
  const chat = { messages, text, ids, variables, where };
  const trained = loss.assistantOnlyLoss ? assistantTokens(chat, render, tokenizer) : all(ids);
  const leavesOut = leavesOutTools(written, render);
  return { ids, trained, mismatch: false, leavesOutTools: leavesOut, end: endOfTurn(ids, trained, tokenizer) };
}

function replySequence(
  { prompt, completion, variables, where }: RowOf<"answer">,
  tokenizer: Tokenizer,
  render: RenderChat,
  loss: LossOptions,
): Sequence {
  const messages = [...prompt, ...completion];
  const whole = messagesSequence({ kind: "messages", messages, variables, where }, tokenizer, render, loss);
  const idsOfPrompt = () => tokenizer.encodePlain(render(prompt, { addGenerationPrompt: true, variables, where }));
  const { trained: completed, mismatch } = afterPrompt(whole.ids, idsOfPrompt, loss);
  const trained = whole.trained.map((isTrained, i) => isTrained & (completed[i] as number));
  return { ...whole, trained, mismatch, end: endOfTurn(whole.ids, trained, tokenizer) };
}

/** All but as many first tokens as the prompt has alone. */
function afterPrompt(
  ids: readonly number[],
  idsOfPrompt: () => readonly number[],
  { completionOnlyLoss }: LossOptions,
): Pick<Sequence, "trained" | "mismatch"> {
  if (!completionOnlyLoss) return { trained: all(ids), mismatch: false };
  const prompt = idsOfPrompt();
  return { trained: all(ids).fill(0, 0, prompt.length), mismatch: commonPrefix(prompt, ids) < prompt.length };
}

const all = (ids: readonly number[]): Uint8Array => new Uint8Array(ids.length).fill(1);

const ended = (text: string, eos = ""): string => (text.endsWith(eos) ? text : text + eos);

function endOfText(ids: readonly number[], tokenizer: Tokenizer): number | undefined {
  const eos = tokenizer.special.eos_token;
  return eos !== undefined && ids.at(-1) === tokenizer.idOf(eos) ? ids.length - 1 : undefined;
}

/** The last trained token that is no white space, if it is a mark: templates may end turns with a line break. */
function endOfTurn(ids: readonly number[], trained: Uint8Array, tokenizer: Tokenizer): number | undefined {
  const last = ids.findLastIndex((id, i) => trained[i] === 1 && !isBlank(id, tokenizer));
  return last !== -1 && tokenizer.added.has(ids[last] as number) ? last : undefined;
}

const noConversation = (where: string): DataError =>
  new DataError("assistant_only_loss needs conversations, but this row is a text", {
    where,
    expected: "the columns {messages} or {conversations}, or {prompt, completion} with lists of messages",
    hint: "without assistant_only_loss, all tokens of a text and the completion of a prompt are trained.",
  });
