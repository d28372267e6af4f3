import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Part } from "../../src/tokenizer/compat.ts";
import { type Tokenizer, tokenizerOf } from "../../src/tokenizer/tokenizer.ts";

/** Messages as data sets hold them. */
export type Messages = readonly Readonly<Record<string, unknown>>[];

/** What transformers makes of a conversation with a template; `error` when the template refuses it. */
export interface Rendering {
  readonly conversation: string;
  readonly add_generation_prompt: boolean;
  readonly tools?: unknown;
  readonly text?: string;
  readonly ids?: number[];
  readonly error?: string;
}

/** What TRL makes of rows; its labels are the tokens themselves, untrained ones -100. */
export interface Prepared {
  readonly template: string | null;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly packing: boolean;
  readonly max_length: number;
  readonly completion_only_loss: boolean;
  readonly assistant_only_loss: boolean;
  readonly examples: readonly { input_ids: number[]; labels: number[]; seq_lengths?: number[] }[];
}

interface OfTokenizer {
  readonly renderings: Readonly<Record<string, readonly Rendering[]>>;
  readonly sequences: readonly Prepared[];
}

interface Expected {
  readonly conversations: Readonly<Record<string, Messages>>;
  readonly templates: Readonly<Record<string, string>>;
  readonly bytes: OfTokenizer;
  readonly metaspace: OfTokenizer;
  readonly packs: readonly { max_length: number; lengths: number[]; rows: number[][] }[];
  readonly pieces: {
    readonly vocabulary: number;
    readonly mask: number;
    readonly texts: readonly { text: string; max_length: number; ids: number[][]; special: number[][] }[];
  };
  readonly smollm2: { readonly file: string; readonly renderings: readonly Rendering[] };
}

const folder = join(import.meta.dirname, "../parity/fixtures/chat");

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** What Python makes of texts, completions and conversations; see test/parity/make_chat_fixtures.py. */
export const expected = json(join(folder, "expected.json")) as Expected;

/** One of the tiny tokenizers, with a template of the fixtures or one's own, and other changes to its configuration. */
export function chatTokenizer(name: "bytes" | "metaspace", template?: string | null, changes: Part = {}): Tokenizer {
  const path = join(folder, name, "tokenizer.json");
  const config = { ...(json(join(folder, name, "tokenizer_config.json")) as Part), ...changes };
  const chat_template = template ? (expected.templates[template] ?? template) : undefined;
  return tokenizerOf(json(path) as Part, { ...config, chat_template }, [], path);
}
