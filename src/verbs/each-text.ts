import { DataError, RecipeError } from "../errors.ts";
import type { Example } from "../tasks/definition.ts";
import { batched } from "./batched.ts";
import type { TextInput } from "./predict-inputs.ts";

/** A text as a model gets it. */
export interface EncodedText {
  readonly input: Numbered;
  /** Absent for a text without tokens, or one that was no text. */
  readonly example?: Example;
}

/** Place of a text in messages. */
export const placeOf = ({ index }: Numbered): string => `text ${index + 1}`;

/** The reason why a text has no result. */
export const reasonOf = ({ error = "the text has no tokens" }: TextInput): string => error;

/** Texts that one run of a model takes. */
export const BATCH = 16;

/** A text with its place among the inputs, from 0. */
export type Numbered = TextInput & { readonly index: number };

/**
 * Results of texts, in their order; they are read as they are needed, so a stream may be endless.
 *
 * @param work The results of a batch, one a text; `error` says why a text has none.
 * @param name What a text should get: `label`, with the article of its own.
 * @throws {DataError} when none of the texts has a result. @throws {RecipeError} for a text in place of a list of them.
 */
export async function* eachText<Result extends object>(
  texts: Iterable<string | TextInput> | AsyncIterable<string | TextInput>,
  work: (inputs: readonly Numbered[]) => Promise<readonly Result[]>,
  [article, name]: readonly [article: string, name: string],
): AsyncGenerator<Result, void, void> {
  if (typeof texts === "string") {
    throw new RecipeError("texts is one text, whose letters would be taken one by one", {
      where: "texts",
      expected: `a list: [${JSON.stringify(texts)}]`,
    });
  }
  let [count, failed, first]: [number, number, string] = [0, 0, ""];
  for await (const batch of batched(texts, BATCH)) {
    const inputs = batch.map((text, i) => ({ index: count + i, ...inputOf(text) }));
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

/** An input as whoever calls gives it, also from JavaScript. */
export function inputOf(given: string | TextInput): TextInput {
  if (typeof given === "string") return { text: given };
  if (typeof given?.text === "string") return given;
  return { text: "", error: `this is no text: ${String(JSON.stringify(given)).slice(0, 60)}` };
}
