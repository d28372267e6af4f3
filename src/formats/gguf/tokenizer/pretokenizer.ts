import { TokenizerError } from "../../../errors.ts";
import { isObject, type JsonObject } from "../../json/json.ts";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const WORDS = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+`;
const CASED = (a: string, b: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]${a}[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]${b}`;

/** llama.cpp's names of ways to cut a text before byte-pair merges, by the expression that cuts. */
const NAMES: Readonly<Record<string, string>> = {
  [`${WORDS}|\\p{N}{1,3}|${REST}`]: "dbrx",
  [`${WORDS}|\\p{N}|${REST}`]: "qwen2",
  [`${CASED("*", "+")}|${CASED("+", "*")}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`]:
    "tekken",
};

/**
 * llama.cpp's name of the way in which a byte-level tokenizer cuts texts.
 * @param tokenizer A `tokenizer.json`.
 * @throws {TokenizerError} when llama.cpp's way is not known here: another one would give other tokens.
 * @see llama.cpp, `llm_tokenizer_bpe` in src/llama-vocab.cpp
 */
export function ggufPretokenizer(tokenizer: JsonObject, where: string): string {
  const { pre_tokenizer: pre, model } = tokenizer as { pre_tokenizer?: JsonObject; model?: JsonObject };
  const steps = (Array.isArray(pre?.pretokenizers) ? pre.pretokenizers : [pre]) as (JsonObject | undefined)[];
  const types = steps.map((step) => String(step?.type));
  const bytes = steps.find((step) => step?.type === "ByteLevel");
  if (bytes && bytes.use_regex !== false) {
    if (types.join() === "ByteLevel") return "gpt-2";
    if (types.join() === "Digits,ByteLevel" && steps[0]?.individual_digits === true) return "smollm";
  }
  const split = steps[0]?.pattern;
  const name = types.join() === "Split,ByteLevel" && isObject(split) ? NAMES[String(split.Regex)] : undefined;
  if (name === "dbrx" && model?.ignore_merges === true) return "llama-bpe";
  if (name) return name;
  throw new TokenizerError("llama.cpp's name for the pre-tokenizer of this tokenizer is unknown", {
    where: `${where}: pre_tokenizer ${JSON.stringify(pre ?? null)}`,
    expected: `${["gpt-2", "smollm", "llama-bpe", ...Object.values(NAMES)].join(", ")}`,
  });
}
