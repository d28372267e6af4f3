import { TokenizerError } from "../errors.ts";
import { type Piece, readSentencePiece } from "../sentencepiece/model.ts";
import { type Part, part, shown } from "./compat.ts";
import { contentOf } from "./wordpiece.ts";

/** A tokenizer as its two JSON files have it. */
export interface TokenizerParts {
  /** Definition in the form of `tokenizer.json`. */
  readonly definition: Part;
  /** Configuration in the form of `tokenizer_config.json`, its special tokens filled in. */
  readonly config: Part;
}

/** Special tokens of a `tokenizer_config.json` that names none, in the order in which those are added that the model lacks. */
const SPECIAL = {
  bos_token: "[CLS]",
  eos_token: "[SEP]",
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

const HINT = 'in Python, AutoTokenizer.from_pretrained("…").save_pretrained("folder") writes a tokenizer.json.';

/**
 * The tokenizer of a DeBERTa v2 or v3 checkpoint that has only `spm.model`, as transformers' DebertaV2Tokenizer builds it: with
 * normalizers of its own in place of the character map of the model.
 * @param given `tokenizer_config.json`; its casing options and special tokens are honoured.
 * @param where The path of `spm.model`, for messages.
 * @throws {TokenizerError} when the file is no Unigram model, or the settings add tokens to it.
 * @see transformers 5.23, models/deberta_v2/tokenization_deberta_v2.py
 */
export function debertaV2Tokenizer(spm: Uint8Array, given: Part, where: string): TokenizerParts {
  const { pieces, type, unkId } = readSentencePiece(spm, where);
  refuseOther(given, type, where);
  const special = Object.entries(SPECIAL).map(([name, usual]) => [name, contentOf(given[name]) ?? usual] as const);
  const config: Part = { ...given, ...Object.fromEntries(special) };
  const added = addedTokens(pieces, new Map(special.map(([name, content]) => [content, given[name]])));
  refuseMore(given, added, where);
  const unknown = pieces.findIndex(({ text, score }) => text === config.unk_token && score === 0);
  const prepend = given.add_prefix_space === false ? "first" : "always";
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: prepend, split: true };
  return {
    config,
    definition: {
      added_tokens: added,
      normalizer: {
        type: "Sequence",
        normalizers: [
          ...(given.do_lower_case === true ? [{ type: "Lowercase" }] : []),
          { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
          { type: "NFC" },
          { type: "Strip", strip_left: false, strip_right: true },
        ],
      },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          ...(given.split_by_punct === true ? [{ type: "Punctuation", behavior: "Isolated" }] : []),
          metaspace,
        ],
      },
      post_processor: template(String(config.cls_token), String(config.sep_token), added),
      decoder: metaspace,
      model: {
        type: "Unigram",
        unk_id: unknown === -1 ? unkId : unknown,
        vocab: pieces.map(({ text, score }) => [text, score]),
        byte_fallback: false,
      },
    },
  };
}

type Added = Part & { readonly id: number; readonly content: string };

/**
 * Control tokens and user-defined ones of the model, and special tokens, of which those that it lacks follow its own.
 * @param special Special tokens, and how `tokenizer_config.json` has them.
 */
function addedTokens(pieces: readonly Piece[], special: ReadonlyMap<string, unknown>): Added[] {
  const ids = new Map(pieces.map(({ text }, id) => [text, id]));
  const own = pieces.flatMap(({ text, kind }, id) => {
    const is = special.has(text) || kind === "control";
    return is || kind === "user-defined" ? [token(id, text, is, special.get(text))] : [];
  });
  const missing = [...special].filter(([content]) => !ids.has(content));
  return [...own, ...missing.map(([content, given], i) => token(pieces.length + i, content, true, given))];
}

function token(id: number, content: string, special: boolean, given: unknown): Added {
  const { single_word = false, lstrip = false, rstrip = false, normalized = false } = (given ?? {}) as Part;
  return { id, content, single_word, lstrip, rstrip, normalized, special };
}

function template(cls: string, sep: string, added: readonly Added[]): Part {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const idOf = (content: string) => added.find((token) => token.content === content)?.id;
  return {
    type: "TemplateProcessing",
    single: [special(cls), { Sequence: { id: "A", type_id: 0 } }, special(sep)],
    special_tokens: Object.fromEntries(
      [cls, sep].map((content) => [content, { id: content, ids: [idOf(content)], tokens: [content] }]),
    ),
  };
}

function refuseOther({ tokenizer_class }: Part, type: string, where: string): void {
  if (tokenizer_class != null && !/^DebertaV2Tokenizer(Fast)?$/.test(String(tokenizer_class))) {
    throw new TokenizerError(`the tokenizer is a ${shown(tokenizer_class)} without a tokenizer.json`, {
      where,
      expected: "a tokenizer.json, or a DebertaV2Tokenizer with spm.model",
      hint: HINT,
    });
  }
  if (type !== "unigram") {
    throw new TokenizerError(`the SentencePiece model is of the type ${type}`, {
      where,
      expected: "unigram",
      hint: HINT,
    });
  }
}

/** @throws {TokenizerError} when `added_tokens_decoder` has a token that `spm.model` and the special tokens do not give. */
function refuseMore({ added_tokens_decoder }: Part, added: readonly Added[], where: string): void {
  const settings = "added_tokens_decoder in tokenizer_config.json";
  for (const [id, one] of Object.entries(part(added_tokens_decoder ?? {}, settings, where))) {
    if (added.some((token) => String(token.id) === id && token.content === contentOf(one))) continue;
    throw new TokenizerError(`the token ${shown(contentOf(one))} with id ${id} is not in spm.model`, {
      where,
      hint: HINT,
    });
  }
}
