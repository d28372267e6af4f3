import { readSplit } from "../assemble/dataset.ts";
import type { InspectedExample } from "../events/reports.ts";
import { IGNORED, type Labels } from "../examples/labels.ts";
import type { TokenExample } from "../examples/tokens.ts";
import type { RowsInMemory } from "../prepared/job.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { isLanguageModel } from "../task-types/index.ts";
import type { Example } from "../tasks/definition.ts";
import { taskOf } from "../tasks/index.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Examples that are shown. */
const SHOWN = 5;

/** The first training examples, token by token: with what `max_length` cuts off, and the labels. */
export async function inspectedExamples(
  { source, tokenizer, labels }: Prepared,
  rows?: RowsInMemory,
): Promise<InspectedExample[]> {
  const { recipe } = source;
  if (isLanguageModel(recipe.task_type))
    return languageExamples({ ...recipe, packing: false }, tokenizer, labels, rows);
  const split = await readSplit(recipe, recipe.dataset_train_split, { limit: SHOWN, rows });
  const encoded = async (maxLength: number): Promise<readonly Example[]> => [
    ...(await split.encode({ tokenizer, labels, maxLength })).examples,
  ];
  const [seen, whole] = [await encoded(recipe.max_length), await encoded(Number.MAX_SAFE_INTEGER)];
  return whole.map((example, i) =>
    inspected(
      example,
      seen[i] as Example,
      tokenizer,
      (one) => taskOf(recipe).labelText?.(one, labels.names) ?? "",
      labels.names,
    ),
  );
}

/** Examples as a language model sees them, with their trained tokens. */
async function languageExamples(
  recipe: ResolvedRecipe,
  tokenizer: Tokenizer,
  labels: Labels,
  rows?: RowsInMemory,
): Promise<InspectedExample[]> {
  const split = await readSplit(recipe, recipe.dataset_train_split, { limit: SHOWN, rows });
  const { examples } = await split.encode({ tokenizer, labels, maxLength: recipe.max_length });
  const ahead = taskOf(recipe).labelsAhead ?? 0;
  return ([...examples] as readonly TokenExample[]).slice(0, SHOWN).map(({ ids, labels }) => ({
    tokens: pieces(ids, tokenizer).map((text, i) => ({ text, trained: (labels[i - ahead] ?? IGNORED) !== IGNORED })),
  }));
}

/** @param whole The example without truncation. @param seen The same, as the model gets it. */
function inspected(
  whole: Example,
  seen: Example,
  tokenizer: Tokenizer,
  labelText: (example: Example) => string,
  names: readonly string[],
): InspectedExample {
  const [from, to] = cutOut(whole.ids, seen.ids);
  const texts = pieces(whole.ids, tokenizer);
  if (!("labels" in whole)) {
    const tokens = texts.map((text, i) => ({ text, trained: i < from || i >= to }));
    return { tokens, label: labelText(whole) };
  }
  const tokens = texts.map((text, i) => {
    const label = whole.labels[i] as number;
    const trained = label !== IGNORED && (i < from || i >= to);
    return { text, trained, ...(trained && { label: names[label] as string }) };
  });
  return { tokens };
}

/** Range of the truncated tokens: between the common start and the common end. */
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
