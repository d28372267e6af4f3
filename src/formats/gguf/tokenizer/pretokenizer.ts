import { TokenizerError } from "../../../errors.ts";
import { isObject, type JsonObject } from "../../json/json.ts";
import { BYTE_LEVEL_SPLITS, type ByteLevelSplit } from "./splits.ts";

/**
 * llama.cpp's name of the way in which a byte-level tokenizer cuts texts. Of several names for one way it is the first;
 * one that composes text as the tokenizer does goes before the others, as llama.cpp itself composes none.
 * @param tokenizer A `tokenizer.json`.
 * @throws {TokenizerError} when llama.cpp's way is not known here: another one would give other tokens.
 * @see llama.cpp, `llm_tokenizer_bpe` in src/llama-vocab.cpp
 */
export function ggufPretokenizer(tokenizer: JsonObject, where: string): string {
  const { pre_tokenizer: pre, normalizer, model } = tokenizer;
  const cut = cutOf(pre);
  const ignores = isObject(model) && model.ignore_merges === true;
  const composes = stepsOf(normalizer, "normalizers").some(({ type }) => type === "NFC");
  const alike = Object.entries(BYTE_LEVEL_SPLITS).filter(
    ([, { preTokenizer, ignoreMerges = false }]) => cutOf(preTokenizer) === cut && ignoreMerges === ignores,
  );
  const exact = ([, { composed = false }]: [string, ByteLevelSplit]): boolean => composed === composes;
  const [name] = alike.find(exact) ?? alike[0] ?? [];
  if (name !== undefined) return name;
  throw new TokenizerError("llama.cpp's name for the pre-tokenizer of this tokenizer is unknown", {
    where: `${where}: pre_tokenizer ${JSON.stringify(pre ?? null)}, ignore_merges ${ignores}`,
    expected: Object.keys(BYTE_LEVEL_SPLITS).join(", "),
  });
}

/** The steps of a pre-tokenizer as text: equal for all spellings of the same cut. */
const cutOf = (part: unknown): string => JSON.stringify(stepsOf(part, "pretokenizers").map(stepOf));

function stepOf(step: JsonObject): unknown {
  if (step.type === "ByteLevel") return ["bytes", step.use_regex !== false];
  if (step.type === "Digits" && step.individual_digits === true) return ["split", "\\p{N}"];
  if (step.type === "Split" && isObject(step.pattern)) return ["split", step.pattern.Regex];
  return step;
}

/** The parts of a sequence under `key`, or the part alone. */
function stepsOf(part: unknown, key: string): JsonObject[] {
  if (!isObject(part)) return [];
  const steps = part[key];
  return Array.isArray(steps) ? steps.filter(isObject) : [part];
}
