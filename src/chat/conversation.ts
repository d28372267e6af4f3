import { DataError } from "../errors.ts";
import { textParts } from "./content-parts.ts";

/** One turn of a conversation. Other keys that it has, such as `tool_calls`, reach the chat template as they are. */
export interface Message extends Readonly<Record<string, unknown>> {
  readonly role: string;
}

/** Roles in chat templates by their names in data sets. */
const ROLES: Readonly<Record<string, string>> = {
  system: "system",
  developer: "developer",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  tool: "tool",
};

/**
 * Checks a list of messages: `{role, content}`, or ShareGPT's `{from, value}`. Content may be a list of parts
 * of text. Keys whose value is null are left out, as templates take them for text.
 *
 * @param name The column that holds them, for error messages.
 * @throws {DataError} for anything else, an unknown role, or a message without text.
 */
export function conversation(value: unknown, name: string, where: string): readonly Message[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new DataError(`the column "${name}" is not a list of messages: ${shown(value)}`, {
      where,
      expected: EXAMPLE,
    });
  }
  return value.map((message, i) => asMessage(message, `message ${i + 1} of "${name}"`, where));
}

const EXAMPLE = 'messages such as [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]';

function asMessage(value: unknown, name: string, where: string): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DataError(`${name} is not an object: ${shown(value)}`, { where, expected: EXAMPLE });
  }
  const { from, value: shareGptText, ...rest } = value as Record<string, unknown>;
  const { role = from, content = shareGptText, ...others } = rest;
  if (typeof role !== "string" || !Object.hasOwn(ROLES, role)) {
    throw new DataError(`${name} has the role ${shown(role)}`, {
      where,
      expected: `one of: ${Object.keys(ROLES).join(", ")}`,
    });
  }
  const text = Array.isArray(content) ? textParts(content, name, where) : content;
  const isText = typeof text === "string" || (Array.isArray(text) && text.length > 0);
  const isNone = text === null || text === undefined || (Array.isArray(text) && text.length === 0);
  if (!isText && !(isNone && Array.isArray(others.tool_calls))) {
    throw new DataError(`${name} has no text; its content is ${shown(content)}`, { where, expected: EXAMPLE });
  }
  const kept = Object.entries({ content: isText ? text : null, ...others }).filter(
    ([, given]) => given !== null && given !== undefined,
  );
  return { role: ROLES[role] as string, ...Object.fromEntries(kept) };
}

const shown = (value: unknown): string => String(JSON.stringify(value)).slice(0, 60);
