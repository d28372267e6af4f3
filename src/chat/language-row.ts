import type { Row } from "../data/row.ts";
import { numberText } from "../data/source-number.ts";
import { DataError } from "../errors.ts";
import { alpacaPrompt } from "./alpaca.ts";
import { conversation, type Message } from "./conversation.ts";
import { refusePreferences } from "./preferences.ts";

/** Variables of a chat template besides the messages: `tools` and the row's `chat_template_kwargs`. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** Row of a language model's data. */
export type LanguageRow = { readonly where: string } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "completion"; readonly prompt: string; readonly completion: string }
  | { readonly kind: "messages"; readonly messages: readonly Message[]; readonly variables: TemplateVariables }
  | {
      readonly kind: "answer";
      readonly prompt: readonly Message[];
      readonly completion: readonly Message[];
      readonly variables: TemplateVariables;
    }
);

/** A form that rows come in: the columns that tell it, all of them. */
interface Form {
  readonly columns: readonly string[];
  read(row: Row): LanguageRow;
}

const FORMS: readonly Form[] = [
  { columns: ["prompt", "completion"], read: promptAndCompletion },
  { columns: ["messages"], read: (row) => chat(row, "messages") },
  { columns: ["conversations"], read: (row) => chat(row, "conversations") },
  {
    columns: ["instruction", "output"],
    read(row) {
      const input = has(row, "input") ? textOf(row, "input") : "";
      const prompt = alpacaPrompt(textOf(row, "instruction"), input);
      return { kind: "completion", prompt, completion: textOf(row, "output"), where: row.where };
    },
  },
];

/**
 * Recognises what a row is by its columns: `{text}`, `{prompt, completion}` (texts or lists of messages),
 * `{messages}`, Alpaca's `{instruction, input, output}`, ShareGPT's `{conversations}`. Other columns do no harm, and
 * one that is null counts as absent.
 *
 * @param textColumn The column of plain texts. One that the recipe names itself goes before every other form.
 * @throws {DataError} when the row is none of these or several, holds something else, or compares replies.
 */
export function languageRow(row: Row, { textColumn }: { readonly textColumn: string }): LanguageRow {
  const text: Form = {
    columns: [textColumn],
    read: (row) => ({ kind: "text", text: textOf(row, textColumn), where: row.where }),
  };
  if (textColumn !== "text" && has(row, textColumn)) return text.read(row);
  if (!has(row, textColumn)) refusePreferences(row);
  const forms = [text, ...FORMS].filter(({ columns }) => columns.every((name) => has(row, name)));
  const [form, other] = forms;
  if (!form) throw unknownForm(row, textColumn);
  if (other) throw mixture(row, forms);
  return form.read(row);
}

/** Text that a row trains, in short: of a conversation the assistant's messages, of a prompt and its completion the latter. */
export function replyText(row: LanguageRow): string {
  switch (row.kind) {
    case "text":
      return row.text;
    case "completion":
      return row.completion;
    case "messages":
      return contentsOf(row.messages.filter(({ role }) => role === "assistant"));
    case "answer":
      return contentsOf(row.completion);
    default:
      return row satisfies never;
  }
}

const contentsOf = (messages: readonly Message[]): string =>
  messages.map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content))).join(" … ");

/**
 * A column's text; a column of numbers is read as it is written.
 * @throws {DataError} when it holds something else.
 */
export function textOf({ values, where }: Row, name: string): string {
  const value = values[name];
  if (typeof value === "string") return value;
  const digits = numberText(value);
  if (digits !== undefined) return digits;
  throw new DataError(`the column "${name}" holds ${String(JSON.stringify(value)).slice(0, 60)}`, {
    where,
    expected: "a text",
  });
}

const has = ({ values }: Row, name: string): boolean =>
  Object.hasOwn(values, name) && values[name] !== null && values[name] !== undefined;

function promptAndCompletion(row: Row): LanguageRow {
  const { values, where } = row;
  const lists = ["prompt", "completion"].filter((name) => Array.isArray(values[name]));
  if (lists.length === 0) {
    return { kind: "completion", prompt: textOf(row, "prompt"), completion: textOf(row, "completion"), where };
  }
  if (lists.length === 1) {
    throw new DataError(`only the ${lists[0]} of this row is a list of messages`, {
      where,
      expected: "prompt and completion as two texts, or as two lists of messages",
    });
  }
  const [prompt, completion] = [
    conversation(values.prompt, "prompt", where),
    conversation(values.completion, "completion", where),
  ];
  return { kind: "answer", prompt, completion, variables: variablesOf(row), where };
}

function chat(row: Row, name: string): LanguageRow {
  const messages = conversation(row.values[name], name, row.where);
  return { kind: "messages", messages, variables: variablesOf(row), where: row.where };
}

function variablesOf(row: Row): TemplateVariables {
  const { tools, chat_template_kwargs } = row.values;
  const given = typeof tools === "string" ? parseTools(tools, row.where) : tools;
  return { tools: given ?? null, ...(chat_template_kwargs as Record<string, unknown> | null | undefined) };
}

function parseTools(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`the column "tools" is malformed JSON: ${(cause as Error).message}`, {
      where,
      expected: "a list of JSON schemas, or the JSON text of one",
      cause,
    });
  }
}

const named = (columns: readonly string[]): string => `{${columns.join(", ")}}`;

function unknownForm(row: Row, textColumn: string): DataError {
  const columns = Object.keys(row.values);
  const text = columns.find((name) => typeof row.values[name] === "string");
  return new DataError(`this row has no columns for a language model; it has ${columns.join(", ") || "none at all"}`, {
    where: row.where,
    expected: `the columns ${[[textColumn], ...FORMS.map(({ columns }) => columns)].map(named).join(", or ")}`,
    ...(text !== undefined && { hint: `text_column: ${text} reads that column as plain text.` }),
  });
}

const mixture = (row: Row, forms: readonly Form[]): DataError =>
  new DataError(
    `this row can be read in ${forms.length} ways: ${forms.map(({ columns }) => named(columns)).join(", ")}`,
    {
      where: row.where,
      expected: "the columns of one of them; unrelated columns, such as an id, are ignored",
      hint: "remove the other columns from the file, or rename the text's column and set text_column to it.",
    },
  );
