import { AdapterError } from "../../errors.ts";
import type { Update } from "../../peft/lora-update.ts";
import { adapterChanges } from "./lora-changes.ts";
import type { LoraAdapter } from "./read-lora.ts";

const SHOWN = 6;

/**
 * The updates of an adapter by parameter, for a format that holds nothing else.
 * @param format Its name, for the message.
 * @param holdsMagnitudes Whether it can hold DoRA's.
 * @throws {AdapterError} listing the tensors that it cannot hold.
 */
export function onlyUpdates(adapter: LoraAdapter, format: string, holdsMagnitudes: boolean): Map<string, Update> {
  const updates = new Map<string, Update>();
  const refused: string[] = [];
  for (const [param, { update, whole, offset, rows }] of adapterChanges(adapter)) {
    const embedding = param.replace(/\.weight$/, ".lora_embedding_A");
    if (embedding !== param && adapter.tensors.has(embedding)) refused.push(embedding);
    else if (update) updates.set(param, update);
    if (rows) refused.push(param.replace(/weight$/, "token_adapter.trainable_tokens_delta"));
    if (offset) refused.push(param.replace(/bias$/, "lora_B.bias"));
    else if (!update && whole) refused.push(param);
    if (update?.magnitude && !holdsMagnitudes) refused.push(param.replace(/weight$/, "lora_magnitude_vector"));
  }
  if (refused.length === 0) return updates;
  const shown = refused.slice(0, SHOWN).join(", ") + (refused.length > SHOWN ? ", …" : "");
  throw new AdapterError(`the adapter contains ${refused.length} tensors that ${format} does not support: ${shown}`, {
    where: adapter.folder,
    expected: `updates of linear layers${holdsMagnitudes ? "" : " without DoRA magnitudes"}, with no biases or whole modules`,
    hint: "merge the adapter into its base model and use the result.",
  });
}
