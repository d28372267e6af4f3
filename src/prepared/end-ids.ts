import { exists } from "#platform";
import type { Message } from "../chat/conversation.ts";
import { CheckpointError, LowrankError } from "../errors.ts";
import { readJsonObject } from "../formats/json/json.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Prepared } from "./prepared.ts";

/** Tokens that end a text: the tokenizer's, and those that the model's configuration names. */
export function endIds({ checkpoint, tokenizer }: Pick<Prepared, "checkpoint" | "tokenizer">): ReadonlySet<number> {
  const { eos_token } = tokenizer.special;
  const own = eos_token === undefined ? undefined : tokenizer.idOf(eos_token);
  const named = [checkpoint.config.eos_token_id ?? []].flat().filter((id): id is number => typeof id === "number");
  return new Set(own === undefined ? named : [own, ...named]);
}

/**
 * The `eos_token_id` of a model folder's `generation_config.json`: one id, a list, or none.
 * @throws {CheckpointError} when it is something else.
 */
export async function generationEnds(folder: string): Promise<readonly number[]> {
  const path = `${folder}/generation_config.json`;
  if (!(await exists(path))) return [];
  const { eos_token_id: given } = await readJsonObject(path);
  const ids = [given ?? []].flat();
  if (ids.every((id): id is number => Number.isInteger(id) && (id as number) >= 0)) return ids;
  throw new CheckpointError(`eos_token_id of generation_config.json is ${JSON.stringify(given)}.`, {
    where: `${path}: eos_token_id`,
    expected: "a token id, or a list of token ids",
  });
}

/**
 * The token with which a chat template ends an answer, where it is a special token. A base model's `eos_token` is often
 * another one.
 */
export function turnEnd(tokenizer: Tokenizer, render: (messages: readonly Message[]) => string): number | undefined {
  const reply = "answer";
  try {
    const text = render([{ role: "user", content: "question" }, { role: "assistant", content: reply }]); // biome-ignore format: one conversation
    const [id] = tokenizer.encodePlain(text.slice(text.lastIndexOf(reply) + reply.length).trimStart());
    return id !== undefined && tokenizer.added.has(id) ? id : undefined;
  } catch (error) {
    if (error instanceof LowrankError) return undefined; // a template that refuses such a conversation
    throw error;
  }
}
