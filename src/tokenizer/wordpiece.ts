import type { Part } from "./compat.ts";

/**
 * The `tokenizer.json` of a BERT checkpoint that has only `vocab.txt`, as transformers' BertTokenizerFast builds it.
 *
 * @param vocabTxt One token a line; the line number from 0 is its id.
 * @param config `tokenizer_config.json`; its casing options and special tokens are honoured.
 */
export function wordPieceDefinition(vocabTxt: string, config: Part): Part {
  const tokens = vocabTxt.replace(/\r?\n$/, "").split(/\r?\n/);
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const special = (name: string, usual: string) => contentOf(config[`${name}_token`]) ?? usual;
  const [cls, sep, unk] = [special("cls", "[CLS]"), special("sep", "[SEP]"), special("unk", "[UNK]")];
  const added = [special("pad", "[PAD]"), unk, cls, sep, special("mask", "[MASK]")];
  return {
    added_tokens: added
      .filter((content) => Object.hasOwn(vocab, content))
      .map((content) => ({ id: vocab[content], content, special: true, normalized: false })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", sep: [sep, vocab[sep]], cls: [cls, vocab[cls]] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: unk, continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
  };
}

/** A special token of `tokenizer_config.json`, which is a string or an object with `content`. */
export function contentOf(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  const content = (token as Part | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}
