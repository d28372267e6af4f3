import { IGNORED } from "../data/labels.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { InspectedExample } from "./reports.ts";
import { type Example, readSplit } from "./setup/dataset.ts";
import type { Prepared } from "./setup/prepared.ts";

/** Examples that are shown. */
const SHOWN = 5;

/** The first training examples, token by token: with what `max_length` cuts off, and the labels. */
export async function inspectedExamples({ source, tokenizer, labels }: Prepared): Promise<InspectedExample[]> {
  const { recipe } = source;
  const split = await readSplit(recipe, recipe.dataset_train_split, SHOWN);
  const encoded = (maxLength: number): readonly Example[] => split.encode({ tokenizer, labels, maxLength }).examples;
  const [seen, whole] = [encoded(recipe.max_length), encoded(Number.MAX_SAFE_INTEGER)];
  return whole.map((example, i) => inspected(example, seen[i] as Example, tokenizer, labels.names));
}

/** @param whole The example without truncation. @param seen The same, as the model gets it. */
function inspected(whole: Example, seen: Example, tokenizer: Tokenizer, names: readonly string[]): InspectedExample {
  const [from, to] = cutOut(whole.ids, seen.ids);
  const texts = pieces(whole.ids, tokenizer);
  if (!("labels" in whole)) {
    const tokens = texts.map((text, i) => ({ text, trained: i < from || i >= to }));
    return { tokens, label: names[whole.label] as string };
  }
  const tokens = texts.map((text, i) => {
    const label = whole.labels[i] as number;
    const trained = label !== IGNORED && (i < from || i >= to);
    return { text, trained, ...(trained && { label: names[label] as string }) };
  });
  return { tokens };
}

/** Where the tokens lie that truncation took: between the common start and the common end. */
function cutOut(whole: Int32Array, seen: Int32Array): [from: number, to: number] {
  let from = 0;
  while (from < seen.length && whole[from] === seen[from]) from++;
  const kept = seen.length - from;
  return [from, whole.length - kept];
}

/** The text that each token adds to those before it; special tokens by name. */
function pieces(ids: Int32Array, tokenizer: Tokenizer): string[] {
  const all = [...ids];
  const decode = (end: number): string => tokenizer.decode(all.slice(0, end), { specials: true });
  return all.map((id, i) => {
    const [before, now] = [decode(i), decode(i + 1)];
    return now.startsWith(before) ? now.slice(before.length) : tokenizer.decode([id], { specials: true });
  });
}
