import { writeTextAtomic } from "#platform";
import type { Part } from "../../../tokenizer/compat.ts";
import { GgufFacts } from "./facts.ts";
import { impliedMerges, type Merge, pieceParts, respelled } from "./pieces.ts";
import { BYTE_LEVEL_SPLITS, SPLIT_OF_ARCHITECTURE } from "./splits.ts";

/** A tokenizer as its files would hold it, parsed. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  readonly definition: Part;
  /** `tokenizer_config.json`. */
  readonly config: Part;
}

/** Values of `tokenizer.ggml.token_type`. */
const KINDS = { unknown: 2, control: 3, userDefined: 4 };
const MODELS = ["gpt2", "llama"];

/**
 * Builds the tokenizer that a GGUF file's metadata describe.
 *
 * Byte-level vocabularies are cut as `tokenizer.ggml.pre` says; transformers takes GPT-2's cut for some of them.
 * sentencepiece's are cut as it does itself; transformers does otherwise where a text begins with a space. Tokens
 * marked as control are special; those marked as user-defined are added, not special.
 *
 * @param where Names the file in messages.
 * @throws {TokenizerError} when the file has no tokenizer, or one that is malformed or not supported.
 */
export function ggufTokenizer(metadata: ReadonlyMap<string, unknown>, where: string): TokenizerFiles {
  const facts = new GgufFacts(metadata, where);
  const model = facts.string("model");
  if (model === undefined) throw facts.fail("the file contains no tokenizer", "tokenizer.ggml.model in its metadata");
  if (!MODELS.includes(model)) {
    throw facts.fail(`a tokenizer of kind ${JSON.stringify(model)} is not supported`, MODELS.join(", "));
  }
  const { parts, tokens, addsBos } = model === "llama" ? pieces(facts) : byteLevel(facts);
  const [bos, eos, unk, pad] = ["bos", "eos", "unknown", "padding"].map((name) =>
    facts.token(`${name}_token_id`, tokens),
  );
  const adds = { bos: facts.bool("add_bos_token") ?? addsBos, eos: facts.bool("add_eos_token") ?? false };
  const special = new Set([bos, eos, unk, pad].filter((token) => token !== undefined));
  const named = { bos_token: bos, eos_token: eos, unk_token: unk, pad_token: pad, chat_template: facts.template };
  return {
    definition: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens(facts, tokens, special),
      ...parts,
      post_processor: template(adds.bos ? bos : undefined, adds.eos ? eos : undefined, tokens),
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      clean_up_tokenization_spaces: false,
      add_bos_token: adds.bos,
      add_eos_token: adds.eos,
      ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    },
  };
}

/** Writes a tokenizer's files into a folder, which must be there. @throws {FileError} when it cannot be written. */
export async function writeTokenizerFiles(folder: string, { definition, config }: TokenizerFiles): Promise<void> {
  await writeTextAtomic(`${folder}/tokenizer.json`, JSON.stringify(definition));
  await writeTextAtomic(`${folder}/tokenizer_config.json`, `${JSON.stringify(config, null, 2)}\n`);
}

/** Model, normalizer, pre-tokenizer and decoder, with the tokens in the order of their ids. */
interface Built {
  readonly parts: Part;
  readonly tokens: readonly string[];
  readonly addsBos: boolean;
}

function byteLevel(facts: GgufFacts): Built {
  const named = facts.string("pre") ?? "default";
  const name = named === "default" ? SPLIT_OF_ARCHITECTURE[facts.architecture] : named;
  const split = name !== undefined && Object.hasOwn(BYTE_LEVEL_SPLITS, name) ? BYTE_LEVEL_SPLITS[name] : undefined;
  if (!split) {
    const known = Object.keys(BYTE_LEVEL_SPLITS).join(", ");
    throw facts.fail(`the pre-tokenizer ${JSON.stringify(named)} is not known`, known, {
      ...(named === "default" && { hint: "convert the model again with a current llama.cpp, which writes its name." }),
    });
  }
  const tokens = facts.tokens;
  const ids = idsOf(facts, tokens);
  const merges = storedMerges(facts) ?? [];
  checkMerges(facts, merges, ids);
  return {
    tokens,
    addsBos: split.addsBos ?? false,
    parts: {
      normalizer: split.composed ? { type: "NFC" } : null,
      pre_tokenizer: split.preTokenizer,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: bpe({ ids, merges, byteFallback: false, ignoreMerges: split.ignoreMerges ?? false }),
    },
  };
}

function pieces(facts: GgufFacts): Built {
  const gemma = facts.architecture.startsWith("gemma");
  const tokens = facts.tokens.map(respelled);
  const ids = idsOf(facts, tokens);
  // Gemma's scores do not follow its merges; the order of its tokens does
  const merges =
    storedMerges(facts) ?? impliedMerges(ids, gemma ? tokens.map((_, id) => -id) : facts.scores(tokens.length));
  checkMerges(facts, merges, ids);
  const unk = facts.token("unknown_token_id", tokens);
  return {
    tokens,
    addsBos: true,
    parts: {
      ...pieceParts(facts.bool("add_space_prefix") ?? true),
      model: bpe({ ids, merges, byteFallback: true, ignoreMerges: false, ...(unk !== undefined && { unk }) }),
    },
  };
}

interface BpeParts {
  readonly ids: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  readonly unk?: string;
}

const bpe = ({ ids, merges, byteFallback, ignoreMerges, unk }: BpeParts): Part => ({
  type: "BPE",
  dropout: null,
  unk_token: unk ?? null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: byteFallback,
  byte_fallback: byteFallback,
  ignore_merges: ignoreMerges,
  vocab: Object.fromEntries(ids),
  merges,
});

function idsOf(facts: GgufFacts, tokens: readonly string[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    const other = ids.get(token);
    if (other !== undefined) throw facts.fail(`the tokens ${other} and ${id} are both ${JSON.stringify(token)}`);
    ids.set(token, id);
  });
  return ids;
}

const storedMerges = (facts: GgufFacts): Merge[] | undefined =>
  facts.strings("merges")?.map((merge) => {
    const at = merge.indexOf(" ", 1);
    return [merge.slice(0, at), merge.slice(at + 1)];
  });

function checkMerges(facts: GgufFacts, merges: readonly Merge[], ids: ReadonlyMap<string, number>): void {
  const at = merges.findIndex(([left, right]) => !(ids.has(left) && ids.has(right) && ids.has(left + right)));
  if (at === -1) return;
  throw facts.fail(
    `merge ${at}, ${JSON.stringify(merges[at]?.join(" "))}, does not join two tokens into a third`,
    "two tokens whose concatenation is a token",
  );
}

function addedTokens(facts: GgufFacts, tokens: readonly string[], special: ReadonlySet<string>): Part[] {
  const kinds = facts.kinds(tokens.length);
  return tokens.flatMap((content, id) => {
    const isSpecial = special.has(content) || kinds[id] === KINDS.control || kinds[id] === KINDS.unknown;
    const isAdded = isSpecial || kinds[id] === KINDS.userDefined;
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return isAdded ? [{ id, content, ...flags, special: isSpecial }] : [];
  });
}

/** Puts the begin and end tokens round a text, as far as they are there. */
function template(bos: string | undefined, eos: string | undefined, tokens: readonly string[]): Part | null {
  if (bos === undefined && eos === undefined) return null;
  const token = (id: string | undefined, type_id = 0) => (id === undefined ? [] : [{ SpecialToken: { id, type_id } }]);
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const used = [...new Set([bos, eos].filter((content) => content !== undefined))];
  return {
    type: "TemplateProcessing",
    single: [...token(bos), text("A", 0), ...token(eos)],
    pair: [...token(bos), text("A", 0), ...token(eos), ...token(bos, 1), text("B", 1), ...token(eos, 1)],
    special_tokens: Object.fromEntries(used.map((id) => [id, { id, ids: [tokens.indexOf(id)], tokens: [id] }])),
  };
}
