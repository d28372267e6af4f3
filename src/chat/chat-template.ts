import { withinTime } from "#platform";
import { DataError, TokenizerError } from "../errors.ts";
import { render } from "../jinja/render.ts";
import type { Body } from "../jinja/syntax/nodes.ts";
import { parse } from "../jinja/syntax/statements.ts";
import { Meter } from "../jinja/values/meter.ts";
import { text } from "../jinja/values/text.ts";
import { Callable, string, type Value } from "../jinja/values/values.ts";
import type { Marks } from "../tokenizer/generation-marks.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Message } from "./conversation.ts";
import { fromJson } from "./from-json.ts";
import type { TemplateVariables } from "./language-row.ts";
import { strftime } from "./strftime.ts";

/** Options for rendering messages. */
export interface RenderOptions {
  /** End with what comes before an answer, so that a model goes on with one. */
  readonly addGenerationPrompt?: boolean;
  readonly variables?: TemplateVariables;
  /** Written around what the template marks with `{% generation %}`. */
  readonly marks?: Marks;
  /** The place of the conversation, for error messages. */
  readonly where: string;
}

/**
 * Messages to the text that a model was trained on.
 * @throws {DataError} when the template refuses the conversation.
 * @throws {TokenizerError} when it fails otherwise or goes beyond its bounds.
 */
export type RenderChat = (messages: readonly Message[], options: RenderOptions) => string;

/** Templates are programs and come with models from anywhere. The longest in use have 20 KB. */
const MAX_SOURCE = 65_536;
const MAX_MS = 1000;
const late = (): Error => new Error(`it takes longer than ${MAX_MS} ms`);

/**
 * The tokenizer's own chat template, as transformers compiles it: `trim_blocks`, `lstrip_blocks`, `raise_exception`,
 * `strftime_now`, special tokens by their names. `{% generation %}` blocks are marked where `marks` says so.
 *
 * @param where What asks for it, for the error message.
 * @param now What `strftime_now` tells, in every conversation of a run.
 * @throws {TokenizerError} when there is none, or it is malformed or too long.
 */
export function chatRenderer({ chatTemplate, special }: Tokenizer, where: string, now = new Date()): RenderChat {
  if (chatTemplate === undefined) {
    throw new TokenizerError("this model has no chat template, so messages cannot be rendered as text", {
      where,
      expected:
        'chat_template in tokenizer_config.json (if several, one named "default"), or chat_template.jinja next to it',
      hint: "set chat_template to a Jinja file, such as that of the model's instruct version, or write rows as {prompt, completion}.",
    });
  }
  const program = compile(chatTemplate);
  return (messages, { addGenerationPrompt = false, variables, marks, where }) => {
    const names = {
      raise_exception: RAISE,
      strftime_now: new Callable("strftime_now", ({ list: [format = ""] }) =>
        strftime(now, string(format, "the format of strftime_now")),
      ),
      tools: null,
      documents: null,
      ...special,
      ...variables,
      messages,
      add_generation_prompt: addGenerationPrompt,
    };
    try {
      const values = Object.entries(names).map(([name, value]) => [name, fromJson(value)] as const);
      return withinTime(MAX_MS, () => render(program, values, marks), late);
    } catch (cause) {
      if ((cause as Error).cause instanceof Refusal) {
        const { message } = (cause as Error).cause as Refusal;
        throw new DataError(`the chat template rejects this conversation: ${message}`, { where, cause });
      }
      const message = reason(cause);
      throw new TokenizerError(`the chat template fails on this conversation: ${message}`, { where, cause });
    }
  };
}

function compile(source: string): Body {
  if (source.length > MAX_SOURCE) {
    throw new TokenizerError(`the chat template is ${source.length} characters long`, {
      where: "chat_template",
      expected: `at most ${MAX_SOURCE}`,
    });
  }
  try {
    return withinTime(MAX_MS, () => parse(source), late);
  } catch (cause) {
    throw new TokenizerError(`the chat template is malformed: ${reason(cause)}`, {
      where: "chat_template",
      cause,
    });
  }
}

/** An error's sentence; that of the stack tells nobody that the template is at fault. */
const reason = (cause: unknown): string =>
  (cause as Error).message.replace("Maximum call stack size exceeded", "it nests too deep");

/** Error that a template raises with `raise_exception`: the conversation is at fault. */
class Refusal extends Error {}

const RAISE = new Callable("raise_exception", ({ list: [message = ""] }): Value => {
  throw new Refusal(text(message, new Meter()));
});
