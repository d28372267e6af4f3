import type { RenderChat } from "../chat/chat-template.ts";
import { partsRenderer } from "../chat/content-parts.ts";
import type { LanguageRow } from "../chat/language-row.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type LossOptions, sequenceOf } from "./causal-sequence.ts";
import { IGNORED } from "./labels.ts";
import type { TokenExample } from "./tokens.ts";

/** Options for encoding rows for causal language modelling. The names are the recipe's. */
export interface CausalOptions extends LossOptions {
  readonly tokenizer: Tokenizer;
  /** Longest example in tokens. */
  readonly maxLength: number;
  /** Several examples a row; a text that is too long is split, not cut. */
  readonly packing: boolean;
}

/** One row as the model has it. `labels[i]` is the token after `ids[i]` where that one is trained. */
export interface CausalEncoding {
  /** One, but for a text that was split. */
  readonly examples: readonly TokenExample[];
  readonly where: string;
  /** The tokens of the prompt alone are not those that prompt and completion begin with. */
  readonly mismatch: boolean;
  /** The text begins with the token that the tokenizer puts before it; it is there once. */
  readonly repeatedBos: boolean;
  /** The row has tools that the chat template leaves out. */
  readonly leavesOutTools: boolean;
  /** State of the end token of the text or last answer: trained, truncated, or missing. */
  readonly end: "trained" | "cut" | "missing";
}

/**
 * Makes the function that encodes rows, as TRL's SFTTrainer does.
 *
 * - A text: with the tokenizer's own special tokens, the end-of-text token after it unless it ends in one.
 * - Prompt and completion: tokenised as one text, the end-of-text token after it likewise; as many first tokens are
 *   untrained as the prompt has alone.
 * - Messages: what the chat template makes of them, tokenised as it is; trained whole, or the assistants' part.
 *
 * What is longer than `maxLength` loses its end. With `packing`, a text is split into consecutive pieces instead, each
 * a document of its own; the last one has the end-of-text token, the first one the special tokens before the text.
 *
 * @returns For each row `undefined` when it has no token to train on: an empty text, a prompt that fills `maxLength`.
 * @throws {DataError} for a row that the template refuses, or one without messages under `assistantOnlyLoss`.
 * @throws {TokenizerError} for messages and a model without a chat template.
 * @see huggingface/trl 1.10.0, trl/trainer/sft_trainer.py, `_prepare_dataset`.
 */
export function causalEncoder(options: CausalOptions): (row: LanguageRow) => CausalEncoding | undefined {
  const { tokenizer, maxLength, packing } = options;
  let renderer: RenderChat | undefined;
  const render: RenderChat = (messages, given) => {
    renderer ??= partsRenderer(tokenizer, given.where);
    return renderer(messages, given);
  };

  return (row) => {
    const sequence = sequenceOf(row, tokenizer, render, options);
    if (!sequence) return undefined;
    const { ids, trained, mismatch, repeatedBos = false, leavesOutTools = false, end } = sequence;
    const { where } = row;
    const last = packing && row.kind === "text" ? ids.length : 1;
    const examples: TokenExample[] = [];
    let endIsTrained = false;
    for (let at = 0; at < last; at += maxLength) {
      const to = at + maxLength;
      const example = aligned(ids.slice(at, to), trained.subarray(at, to), where);
      if (!example) continue;
      examples.push(example);
      endIsTrained ||= end !== undefined && end > at && end < to;
    }
    if (examples.length === 0) return undefined;
    return {
      examples,
      where,
      mismatch,
      repeatedBos,
      leavesOutTools,
      end: end === undefined ? "missing" : endIsTrained ? "trained" : "cut",
    };
  };
}

/** `labels[i]`: the next token where that is trained. `undefined` when none is. */
function aligned(tokens: readonly number[], trained: Uint8Array, where: string): TokenExample | undefined {
  const ids = Int32Array.from(tokens);
  const labels = ids.map((_, i) => (trained[i + 1] === 1 ? (ids[i + 1] as number) : IGNORED));
  return labels.some((label) => label !== IGNORED) ? { ids, labels, where } : undefined;
}
