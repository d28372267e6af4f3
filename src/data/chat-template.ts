import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { DataError, TokenizerError } from "../errors.ts";
import { withinTime } from "../platform/node.ts";
import type { Message } from "./conversation.ts";
import { type Marks, markVariables, withMarks } from "./generation-marks.ts";
import type { TemplateVariables } from "./language-row.ts";
import { plainNumbers } from "./source-number.ts";
import { strftime } from "./strftime.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What is rendered besides the messages. */
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

/** Bounds for templates, which are programs and come with models from anywhere. The longest in use have 20 KB. */
const MAX_SOURCE = 65_536;
const MAX_TEXT = 2 ** 24;
const MAX_STEPS = 2_000_000;
const MAX_RANGE = 10_000;
const MAX_ITEMS = 2 ** 20;
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
    throw new TokenizerError("this model has no chat template, so messages cannot become text", {
      where,
      expected:
        'chat_template in tokenizer_config.json (of several, one named "default"), or chat_template.jinja beside it',
      hint: "take the template of the model's instruct version, or write rows as {prompt, completion}.",
    });
  }
  const program = compile(chatTemplate);
  return (messages, { addGenerationPrompt = false, variables, marks, where }) => {
    const names = {
      ...GLOBALS,
      strftime_now: (format: string) => strftime(now, format),
      tools: null,
      documents: null,
      ...special,
      ...variables,
      ...markVariables(marks),
      messages,
      add_generation_prompt: addGenerationPrompt,
    };
    try {
      const environment = new Environment();
      for (const [name, value] of Object.entries(names)) environment.set(name, plainNumbers(value));
      return withinTime(MAX_MS, () => String(new Metered(environment).run(program).value), late);
    } catch (cause) {
      const { message } = cause as Error;
      if (cause instanceof Refusal) {
        throw new DataError(`the chat template refuses this conversation: ${message}`, { where, cause });
      }
      throw new TokenizerError(`the chat template fails on this conversation: ${message}`, { where, cause });
    }
  };
}

function compile(source: string): ReturnType<typeof parse> {
  if (source.length > MAX_SOURCE) {
    throw new TokenizerError(`the chat template is ${source.length} characters long`, {
      where: "chat_template",
      expected: `at most ${MAX_SOURCE}`,
    });
  }
  try {
    const lines = withMarks(source.replace(/\r\n?/g, "\n"));
    return withinTime(MAX_MS, () => parse(tokenize(lines, { trim_blocks: true, lstrip_blocks: true })), late);
  } catch (cause) {
    throw new TokenizerError(`the chat template is malformed: ${(cause as Error).message}`, {
      where: "chat_template",
      cause,
    });
  }
}

/** What a template says with `raise_exception`: the conversation is at fault. */
class Refusal extends Error {}

const GLOBALS = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception(message: unknown): never {
    throw new Refusal(String(message));
  },
  range(from: number, to?: number, step = 1): number[] {
    const [start, end] = to === undefined ? [0, from] : [from, to];
    const length = Math.max(0, Math.ceil((end - start) / step));
    if (length <= MAX_RANGE) return Array.from({ length }, (_, i) => start + i * step);
    throw new Error(`range() of more than ${MAX_RANGE} numbers`);
  },
};

/** What is used of the library's interpreter, whose own types do not resolve under Node's module rules. */
interface Evaluator {
  run(program: unknown): Result;
  evaluate(node: TemplateNode | undefined, environment: unknown): Result;
}

interface Result {
  readonly value: unknown;
}

/** A part of a template; a loop has what it goes over. */
interface TemplateNode {
  readonly type: string;
  readonly iterable?: TemplateNode;
  /** What is looped over where the loop has an `if`. */
  readonly lhs?: TemplateNode;
}

/** Stops a template that would go on for ever or fill the memory. A turn of a loop costs as much as twenty steps. */
class Metered extends (Interpreter as unknown as new (environment: unknown) => Evaluator) {
  private steps = 0;
  private readonly loopedOver = new Set<TemplateNode | undefined>();

  override evaluate(node: TemplateNode | undefined, environment: unknown): Result {
    if (node?.type === "For") this.loopedOver.add(node.iterable?.lhs ?? node.iterable);
    const result = super.evaluate(node, environment);
    const { value } = result;
    if (typeof value === "string" && value.length > MAX_TEXT) throw new Error(`more than ${MAX_TEXT} characters`);
    if (Array.isArray(value) && value.length > MAX_ITEMS) throw new Error(`a list of more than ${MAX_ITEMS} items`);
    this.steps += 1 + sizeOf(value) * (this.loopedOver.has(node) ? 20 : 0.001);
    if (this.steps > MAX_STEPS) throw new Error(`more than ${MAX_STEPS} steps`);
    return result;
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}
