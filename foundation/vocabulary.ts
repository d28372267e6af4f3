/**
 * Writes the embedded model's tokenizer and configuration: `tsx foundation/vocabulary.ts --corpus FOLDER --output FOLDER`.
 * WordPiece, lower case, as BERT's.
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
const rows = await readRows(values.corpus, "train");
// Other characters are too rare to deserve a place of 8,192: they are [UNK].
writeFileSync(
  text,
  rows.map(({ values }) => (values.text as string).replace(/[^\n\x20-\x7E“”‘’–—•§©]/g, " ")).join("\n"),
);

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
  tokenizer_class: "BertTokenizer",
  do_lower_case: true,
  model_max_length: LENGTH,
  ...Object.fromEntries(SPECIAL.map((token) => [`${token.slice(1, -1).toLowerCase()}_token`, token])),
});
json("config.json", {
  architectures: ["BertForMaskedLM"],
  model_type: "bert",
  vocab_size: SIZE,
  hidden_size: 256,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  intermediate_size: 1024,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: LENGTH,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
});
rmSync(folder, { recursive: true });
