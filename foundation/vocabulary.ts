/**
 * Writes the embedded model's tokenizer and configuration: `tsx foundation/vocabulary.ts --corpus FOLDER --output FOLDER`.
 * The tokenizer is WordPiece, lower case, as BERT's; the encoder has ModernBERT's shape.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readRows } from "../src/data/read.ts";

const SIZE = 8192;
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const LENGTH = 256;

const { values } = parseArgs({ options: { corpus: { type: "string" }, output: { type: "string" } } });
if (!values.corpus || !values.output) throw new Error("usage: vocabulary.ts --corpus FOLDER --output FOLDER");

const rust = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");
const folder = mkdtempSync(join(tmpdir(), "lowrank-vocabulary-"));
const text = join(folder, "corpus.txt");
const texts: string[] = [];
for await (const { values: row } of await readRows(values.corpus, "train")) texts.push(row.text as string);
// Other characters are too rare to deserve a place of 8,192: they are [UNK].
writeFileSync(text, texts.map((text) => text.replace(/[^\n\x20-\x7E“”‘’–—•§©]/g, " ")).join("\n"));

function bert(model: import("tokenizers").Model): import("tokenizers").Tokenizer {
  const tokenizer = new rust.Tokenizer(model);
  tokenizer.setNormalizer(rust.bertNormalizer({ lowercase: true }));
  tokenizer.setPreTokenizer(rust.bertPreTokenizer());
  return tokenizer;
}

const trained = bert(rust.WordPiece.empty());
trained.train([text]); // to the trainer's own size: pieces come in the order of their merges, so the first are the vocabulary
const pieces = Object.entries(trained.getVocab())
  .toSorted(([, a], [, b]) => a - b)
  .map(([piece]) => piece);
const vocabulary = Object.fromEntries(
  [...SPECIAL, ...pieces.slice(0, SIZE - SPECIAL.length)].map((piece, id) => [piece, id]),
);
if (Object.keys(vocabulary).length !== SIZE)
  throw new Error(`${Object.keys(vocabulary).length} pieces instead of ${SIZE}`);

const tokenizer = bert(rust.WordPiece.init(vocabulary, { unkToken: "[UNK]" }));
tokenizer.setPostProcessor(rust.bertProcessing(["[SEP]", vocabulary["[SEP]"]!], ["[CLS]", vocabulary["[CLS]"]!]));
tokenizer.setDecoder(rust.wordPieceDecoder());
tokenizer.addSpecialTokens(SPECIAL);
mkdirSync(values.output, { recursive: true });
const at = (name: string): string => join(values.output as string, name);
tokenizer.save(at("tokenizer.json"), false);
const json = (name: string, value: unknown): void => writeFileSync(at(name), `${JSON.stringify(value, null, 2)}\n`);
json("tokenizer_config.json", {
  tokenizer_class: "PreTrainedTokenizerFast",
  model_input_names: ["input_ids", "attention_mask"],
  model_max_length: LENGTH,
  ...Object.fromEntries(SPECIAL.map((token) => [`${token.slice(1, -1).toLowerCase()}_token`, token])),
});
json("config.json", {
  architectures: ["ModernBertForMaskedLM"],
  model_type: "modernbert",
  vocab_size: SIZE,
  max_position_embeddings: LENGTH,
  hidden_size: 256,
  intermediate_size: 640,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  hidden_activation: "gelu",
  initializer_range: 0.04, // twice the usual: rows are three times shorter than usual
  norm_eps: 1e-5,
  norm_bias: false,
  global_rope_theta: 10000.0,
  local_rope_theta: 10000.0,
  attention_bias: false,
  attention_dropout: 0.0,
  global_attn_every_n_layers: 2,
  local_attention: 32,
  embedding_dropout: 0.0,
  mlp_bias: false,
  mlp_dropout: 0.0,
  decoder_bias: true,
  classifier_pooling: "mean",
  classifier_dropout: 0.0,
  classifier_bias: false,
  classifier_activation: "gelu",
  tie_word_embeddings: true,
  pad_token_id: vocabulary["[PAD]"],
  cls_token_id: vocabulary["[CLS]"],
  sep_token_id: vocabulary["[SEP]"],
  bos_token_id: vocabulary["[CLS]"],
  eos_token_id: vocabulary["[SEP]"],
});
rmSync(folder, { recursive: true });
