import { TokenizerError } from "../errors.ts";
import { type AddedToken, addedTokensOf, tokenId } from "./added-tokens.ts";
import { list, MODELS, type Part, part, refuse, shown } from "./compat.ts";
import { patternOf } from "./pattern.ts";

/** A `tokenizer.json` whose model, tokens, template and decoder have been checked. */
export interface Definition {
  readonly model: Part;
  readonly added: readonly AddedToken[];
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  readonly postProcessor: Part | null;
  readonly decoder: Part | null;
}

/** Lists within lists in a `tokenizer.json`; those in use have five. */
const MAX_DEPTH = 64;
/** Characters that a decoder may make of one; those in use make at most two. */
const MAX_DECODED = 4096;

/**
 * Checks a parsed `tokenizer.json`.
 * @throws {TokenizerError} when a part is of the wrong type, an id is no id, or a kind is not supported.
 */
export function checkedDefinition(value: unknown, where: string): Definition {
  checkDepth(value, where);
  const definition = part(value, "the tokenizer", where);
  const model = checkedModel(definition.model, where);
  const postProcessor =
    definition.post_processor == null ? null : part(definition.post_processor, "the post_processor", where);
  const decoder = definition.decoder == null ? null : part(definition.decoder, "the decoder", where);
  if (postProcessor) checkTemplate(postProcessor, where);
  if (decoder && growthOf(decoder, where) > MAX_DECODED) {
    throw new TokenizerError("the tokenizer's decoder makes a text too long", {
      where,
      expected: `Replace decoders that turn one character into at most ${MAX_DECODED}`,
    });
  }
  return {
    ...{ model, postProcessor, decoder, added: addedTokensOf(definition.added_tokens, where) },
    ...{ normalizer: definition.normalizer, preTokenizer: definition.pre_tokenizer },
  };
}

function checkDepth(value: unknown, where: string): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw new TokenizerError(`the tokenizer has lists nested more than ${MAX_DEPTH} levels deep`, { where });
    }
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null
        ? Object.values(one).filter((inner) => typeof inner === "object" && inner !== null)
        : [],
    );
  }
}

function checkedModel(value: unknown, where: string): Part {
  const model = part(value, "the model of the tokenizer", where);
  const { type, vocab, merges } = model;
  if (type !== undefined && !MODELS.includes(String(type))) refuse(`the model ${String(type)}`, where);
  if (Array.isArray(vocab)) checkScores(model, vocab, where);
  else {
    const ids = Object.entries(part(vocab, "the vocab of the tokenizer", where));
    for (const [token, id] of ids) tokenId(id, `the token ${JSON.stringify(token)}`, where);
    if (type === "Unigram") throw new TokenizerError("the vocab of a Unigram model is an object", { where, expected: "a list of [token, score]" }); // biome-ignore format: one refusal
  }
  for (const name of ["unk_token", "continuing_subword_prefix", "end_of_word_suffix"]) {
    const given = model[name];
    if (given == null || typeof given === "string") continue;
    throw new TokenizerError(`the ${name} of the tokenizer is ${shown(given)}`, { where, expected: "a text" });
  }
  const { max_input_chars_per_word: longest } = model;
  if (longest != null && !(Number.isInteger(longest) && (longest as number) >= 0 && (longest as number) <= MAX_WORD)) {
    throw new TokenizerError(`the max_input_chars_per_word of the tokenizer is ${shown(longest)}`, { where, expected: `an integer from 0 to ${MAX_WORD}` }); // biome-ignore format: one refusal
  }
  if (type === "BPE") checkMerges(merges, where);
  if (type === "BPE" && model.continuing_subword_prefix) refuse("a BPE model with continuing_subword_prefix", where);
  return model;
}

/** Characters of a word that WordPiece looks up in quadratic time; files have 100. */
const MAX_WORD = 1000;

function checkScores(model: Part, vocab: readonly unknown[], where: string): void {
  if (model.type !== undefined && model.type !== "Unigram") {
    throw new TokenizerError(`the vocab of a ${model.type} model is a list`, { where, expected: "an object of ids by token" }); // biome-ignore format: one refusal
  }
  vocab.forEach((entry, i) => {
    const [token, score] = Array.isArray(entry) ? entry : [];
    if (typeof token === "string" && typeof score === "number" && Number.isFinite(score)) return;
    throw new TokenizerError(`vocab[${i}] of the tokenizer is ${JSON.stringify(entry)?.slice(0, 60)}`, { where, expected: "[token, score]" }); // biome-ignore format: one refusal
  });
  const { unk_id: unk } = model;
  if (vocab.length > 0 && unk == null) refuse("a Unigram model without unk_id", where);
  if (vocab.length > 0 && tokenId(unk, "unk_id", where) < vocab.length) return;
  throw new TokenizerError(`unk_id is ${shown(unk)} in a vocab of ${vocab.length} tokens`, { where });
}

function checkMerges(value: unknown, where: string): void {
  list(value, "the merges of the tokenizer", where).forEach((merge, i) => {
    const halves = typeof merge === "string" ? merge.split(" ") : merge;
    if (Array.isArray(halves) && halves.length === 2 && halves.every((half) => typeof half === "string")) return;
    throw new TokenizerError(`merges[${i}] of the tokenizer is ${JSON.stringify(merge)?.slice(0, 60)}`, { where, expected: 'two tokens: "a b" or ["a", "b"]' }); // biome-ignore format: one refusal
  });
}

function checkTemplate(config: Part, where: string): void {
  const { type } = config;
  if (type === "Sequence") {
    for (const one of list(config.processors, "the processors of a Sequence", where)) {
      checkTemplate(part(one, "a post_processor", where), where);
    }
  }
  if (type === "BertProcessing" || type === "RobertaProcessing") {
    for (const name of ["sep", "cls"]) {
      const [token, id] = list(config[name], `the ${name} of the post_processor`, where);
      if (typeof token !== "string") throw new TokenizerError(`the ${name} of the post_processor is ${shown(token)}`, { where, expected: "[token, id]" }); // biome-ignore format: one refusal
      tokenId(id, `the ${name} of the post_processor`, where);
    }
  }
  if (type === "TemplateProcessing") {
    for (const one of list(config.single, "the pieces of `single` in TemplateProcessing", where)) {
      const piece = part(one, "a piece of TemplateProcessing", where);
      const [kind, inner] = Object.entries(piece)[0] ?? [];
      const id = part(inner, `a piece of TemplateProcessing`, where).id;
      if ((kind === "SpecialToken" && typeof id === "string") || (kind === "Sequence" && id === "A")) continue;
      throw new TokenizerError(`TemplateProcessing has the piece ${JSON.stringify(one).slice(0, 60)}`, { where, expected: "SpecialToken with an id, or Sequence with the id A: `single` has one text" }); // biome-ignore format: one refusal
    }
    for (const [name, one] of Object.entries(part(config.special_tokens ?? {}, "the special_tokens", where))) {
      const special = part(one, `the special token ${JSON.stringify(name)}`, where);
      for (const id of list(special.ids, `the ids of ${JSON.stringify(name)}`, where)) {
        tokenId(id, `the special token ${JSON.stringify(name)}`, where);
      }
    }
  }
}

/** The most characters that a chain of decoders makes of one. */
function growthOf(config: Part, where: string): number {
  if (config.type === "Sequence") {
    return list(config.decoders, "the decoders of a Sequence", where)
      .map((one) => growthOf(part(one, "a decoder", where), where))
      .reduce((product, growth) => product * growth, 1);
  }
  if (config.type !== "Replace") return 1;
  patternOf(config.pattern, where);
  if (typeof config.content === "string") return config.content.length + 1;
  throw new TokenizerError(`the content of a Replace decoder is ${shown(config.content)}`, { where, expected: "a text" }); // biome-ignore format: one refusal
}
