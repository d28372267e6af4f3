import { DataError } from "../errors.ts";
import { batched } from "./batched.ts";
import type { TextInput } from "./predict-inputs.ts";

/** Texts that one run of a model takes. */
export const BATCH = 16;

/** A text with its place among the inputs, from 0. */
export type Numbered = TextInput & { readonly index: number };

/**
 * Results of texts, in their order; they are read as they are needed, so a stream may be endless.
 *
 * @param work The results of a batch, one a text; `error` says why a text has none.
 * @param name What a text should get: `label`, with the article of its own.
 * @throws {DataError} when none of the texts has a result.
 */
export async function* eachText<Result extends object>(
  texts: Iterable<string | TextInput> | AsyncIterable<string | TextInput>,
  work: (inputs: readonly Numbered[]) => Promise<readonly Result[]>,
  [article, name]: readonly [article: string, name: string],
): AsyncGenerator<Result, void, void> {
  let [count, failed, first]: [number, number, string] = [0, 0, ""];
  for await (const batch of batched(texts, BATCH)) {
    const inputs = batch.map((text, i) => ({ index: count + i, ...(typeof text === "string" ? { text } : text) }));
    count += batch.length;
    for (const result of await work(inputs)) {
      if ("error" in result && failed++ === 0) first = String(result.error);
      yield result;
    }
  }
  if (count === 0 || failed < count) return;
  throw new DataError(
    count === 1 ? `the text has no ${name}: ${first}` : `none of the ${count} texts has ${article} ${name}`,
    {
      ...(count > 1 && { where: `the first: ${first}` }),
      expected: "a text with words",
    },
  );
}
