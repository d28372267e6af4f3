import { cpSync, existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { LowrankError } from "../../src/errors.ts";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { changedModel, fixture, type Keys, readJson, recipeOf, runHere, temporary, tensorsOf } from "../running.ts";

/** A data set of its own: files of rows by split. */
function data(splits: Readonly<Record<string, readonly object[]>>): Keys {
  const folder = temporary();
  for (const [split, rows] of Object.entries(splits)) {
    writeFileSync(`${folder}/${split}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  return { dataset_name: folder };
}

/** A copy of the tiny model, changed on disk. */
async function damaged(change: (folder: string) => void): Promise<Keys> {
  const folder = await changedModel();
  change(folder);
  return { model_name_or_path: folder };
}
const configured = async (config: Keys): Promise<Keys> => ({ model_name_or_path: await changedModel(config) });
const resized = async (tensor: string, rows: number): Promise<Keys> => ({
  model_name_or_path: await changedModel({}, (tensors) =>
    [...tensors].map(([name, { shape, data }]) =>
      name === tensor
        ? [name, { shape: [rows, ...shape.slice(1)], data: data.slice(0, (rows * data.length) / (shape[0] as number)) }]
        : [name, { shape, data }],
    ),
  ),
});
const adapter = (name: string): Keys => ({ adapter_name_or_path: fixture(`bert/adapters/${name}`) });
const tokens: Keys = { task_type: "TOKEN_CLS", model_name_or_path: fixture("bert-tokens") };

/** What a run is refused with; checks that it wrote nothing. Folders are shortened. */
async function refusal(keys: Keys): Promise<string> {
  const output_dir = `${temporary()}/out`;
  const error = await runHere({ ...keys, output_dir }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(existsSync(output_dir), "an output folder was made").toBe(false);
  expect(error).toBeInstanceOf(LowrankError);
  const { exitCode, message } = error as LowrankError;
  expect(exitCode).toBe(2);
  const temporaries = new RegExp(`${tmpdir()}/lowrank-trainer-\\w{6}`, "g");
  return message.replaceAll(temporaries, "TMP").replaceAll(fixture(""), "FIXTURES");
}

const fine = [
  { text: "State", label: "payment" },
  { text: "days", label: "liability" },
];
const TARGETS = `
  at: lora_target_modules; in TypeScript, targetModules
  expected: the end of a module path; the model has: query, key, value, dense
  hint: for example, "query" selects that layer in every block, and "all-linear" selects every linear layer.`;
const DISAGREE = `
  at: TMP
  hint: config.json and the weights must come from the same model.`;

describe("data", () => {
  test.each<[string, () => Keys, string]>([
    [
      "missing file",
      () => ({ dataset_name: `${temporary()}/none.jsonl` }),
      `the data set TMP/none.jsonl does not exist
  expected: a file (.jsonl, .json, .csv, .tsv or .parquet, each also with .gz) or a folder with train, validation and test files`,
    ],
    [
      "no rows",
      () => data({ train: [] }),
      `this file contains no rows
  at: TMP/train.jsonl
  expected: at least one row of data`,
    ],
    [
      "a row without the column",
      () => data({ train: [...fine, { txt: "a", label: "payment" }] }),
      `this row has no column "text"
  at: TMP/train.jsonl:3
  expected: one of its columns: txt, label
  hint: set text_column to the column to read, e.g. text_column: txt.`,
    ],
    [
      "a label that training never saw",
      () => data({ train: fine, test: [fine[0]!, { text: "a", label: "nonsense" }] }),
      `the label "nonsense" does not occur in the training data
  at: TMP/test.jsonl:2
  expected: one of 2: payment, liability
  hint: correct the label, remove the row, or add rows with this label to the training data.`,
    ],
    [
      "nothing but empty texts",
      () => data({ train: [{ text: " ", label: "payment" }] }),
      `none of the 1 rows has anything to train on: every text is empty after tokenizing
  at: TMP/train.jsonl:1
  hint: set text_column to the column to read.`,
    ],
    [
      "nothing but empty texts to test on",
      () => data({ train: fine, test: [{ text: "", label: "payment" }] }),
      `none of the 1 rows has anything to train on: every text is empty after tokenizing
  at: TMP/test.jsonl:1
  hint: set text_column to the column to read.`,
    ],
    [
      "every label masked",
      () => ({ ...tokens, ...data({ train: [{ tokens: ["a", "b"], labels: [-100, -100] }] }) }),
      `every label is -100, which marks words to ignore, so nothing would be trained
  at: TMP/train.jsonl:1
  expected: a class for some of the words
  hint: set label_column to the column to read.`,
    ],
  ])("%s", async (_, keys, message) => expect(await refusal(keys())).toBe(message));

  test("empty texts and masked words are left out, and counted", async () => {
    const warnings = async (keys: Keys, splits: Record<string, object[]>) => {
      const { events } = await runHere({ max_steps: 1, ...keys, ...data(splits) });
      return events.flatMap((event) => (event.kind === "warning" ? event.message.replace(/\S+\//, "") : []));
    };
    const empty = { text: "", label: "payment" };
    expect(await warnings({}, { train: [...fine, empty, empty], test: [empty, ...fine] })).toEqual([
      "2 rows were skipped, the first at train.jsonl:3: no token is left to train on after tokenizing",
      "1 row was skipped, the first at test.jsonl:1: no token is left to train on after tokenizing",
    ]);
    const train = [
      { tokens: ["days", "of"], labels: ["B-DAYS", -100] },
      { tokens: ["days"], labels: [-100] },
    ];
    expect(await warnings(tokens, { train })).toEqual([
      "1 row was skipped, the first at train.jsonl:2: no token is left to train on after tokenizing",
    ]);
  });
});

describe("model", () => {
  test.each<[string, () => Promise<Keys>, string]>([
    [
      "missing folder",
      async () => ({ model_name_or_path: `${temporary()}/none` }),
      "cannot read TMP/none: no such file",
    ],
    [
      "architecture",
      () => configured({ model_type: "gpt_neo" }),
      `the architecture gpt_neo is not supported.
  at: TMP/config.json: model_type
  expected: ${ARCHITECTURES.map(({ modelType }) => modelType).join(", ")}`,
    ],
    [
      "a configuration that lacks what the architecture needs",
      () => configured({ num_attention_heads: "two" }),
      `config.json does not describe a bert: num_attention_heads: Invalid input: expected number, received string
  at: TMP/config.json`,
    ],
    [
      "task",
      async () => ({ task_type: "CAUSAL_LM" }),
      `bert has no head for CAUSAL_LM.
  at: task_type
  expected: SEQ_CLS, TOKEN_CLS, FEATURE_EXTRACTION, MASKED_LM`,
    ],
    [
      "a head where there is none",
      async () => ({ task_type: "MASKED_LM", method: "head" }),
      `method head needs a classification head, and task_type MASKED_LM has none.
  at: method
  expected: lora, qlora, adapter, ia3, ln_tuning or full`,
    ],
    [
      "tokenizer",
      () =>
        damaged((folder) => {
          const tokenizer = readJson(`${folder}/tokenizer.json`);
          const model = { ...(tokenizer.model as object), type: "Magic" };
          writeFileSync(`${folder}/tokenizer.json`, JSON.stringify({ ...tokenizer, model }));
        }),
      `the model Magic is not supported
  at: TMP/tokenizer.json
  expected: models WordPiece, BPE, Unigram, WordLevel; pre-tokenizers BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit; normalizers BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents`,
    ],
    [
      "no tokenizer",
      () => damaged((folder) => rmSync(`${folder}/tokenizer.json`)),
      `TMP contains no tokenizer
  expected: tokenizer.json, a BERT model's vocab.txt, or a DeBERTa model's spm.model; the folder has: config.json, model.safetensors, tokenizer_config.json
  hint: in Python, AutoTokenizer.from_pretrained("…").save_pretrained("folder") writes a tokenizer.json.`,
    ],
    [
      "another tokenizer's tokens",
      async () => {
        const cut = await resized("bert.embeddings.word_embeddings.weight", 20);
        const config = readJson(`${cut.model_name_or_path}/config.json`);
        writeFileSync(`${cut.model_name_or_path}/config.json`, JSON.stringify({ ...config, vocab_size: 20 }));
        return cut;
      },
      `the tokenizer produces token id 83, but the model has 20 embeddings (ids 0 to 19)
  at: TMP
  expected: the tokenizer that the model was trained with
  hint: tokens added to a tokenizer also need rows in the model's embedding.`,
    ],
    [
      "another width",
      () => configured({ hidden_size: 64 }),
      `the tensor bert.embeddings.position_embeddings.weight has shape [80,32], but config.json implies [80,64].${DISAGREE}`,
    ],
    [
      "another pooler, which might be fresh but must not be of another shape",
      () => resized("bert.pooler.dense.weight", 16),
      `the tensor bert.pooler.dense.weight has shape [16,32], but config.json implies [32,32].${DISAGREE}`,
    ],
    [
      "another shape of a weight to be packed",
      async () => ({ method: "qlora", ...(await resized("bert.encoder.layer.1.output.dense.weight", 16)) }),
      `the tensor bert.encoder.layer.1.output.dense.weight has shape [16,48], but config.json implies [32,48].${DISAGREE}`,
    ],
    [
      "a weight that holds what is no number",
      async () => ({
        model_name_or_path: await changedModel({}, (tensors) =>
          [...tensors].map(([name, { shape, data }]) => [
            name,
            { shape, data: name.endsWith("layer.1.output.dense.weight") ? data.with(5, Number.NaN) : data },
          ]),
        ),
      }),
      `the tensor bert.encoder.layer.1.output.dense.weight contains NaN, which would make every output NaN.
  at: TMP/model.safetensors: element 5
  expected: finite numbers
  hint: download the file again; if it is as published, use another checkpoint of the model.`,
    ],
    [
      "more layers than tensors",
      async () => ({ method: "qlora", ...(await configured({ num_hidden_layers: 4 })) }),
      `config.json gives 4 layers, but the checkpoint contains 3.
  at: TMP: num_hidden_layers
  hint: config.json and the weights must come from the same model.`,
    ],
    [
      "a thousand million layers",
      () => configured({ num_hidden_layers: 1e9 }),
      `num_hidden_layers of config.json is 1000000000.
  at: TMP/config.json: num_hidden_layers
  expected: a whole number from 1 to 1,000`,
    ],
    [
      "heads below 0",
      () => configured({ num_attention_heads: -1 }),
      `num_attention_heads of config.json is -1.
  at: TMP/config.json: num_attention_heads
  expected: a whole number from 1 to 10,000`,
    ],
    [
      "fewer layers than tensors",
      () => configured({ num_hidden_layers: 2 }),
      `the checkpoint contains bert.encoder.layer.2.attention.output.LayerNorm.bias, but config.json gives 2 layers.${DISAGREE}`,
    ],
    [
      "truncated weights",
      () => damaged((folder) => truncateSync(`${folder}/model.safetensors`, 60_000)),
      `TMP/model.safetensors is truncated: it ends inside tensor "bert.encoder.layer.1.attention.output.dense.weight"
  at: the tensor takes data bytes 51904 to 56000, but the file has only 53936
  hint: copy or download it again.`,
    ],
    [
      "a pickle",
      () =>
        damaged((folder) => {
          rmSync(`${folder}/model.safetensors`);
          writeFileSync(`${folder}/pytorch_model.bin`, "never read");
        }),
      `TMP stores its weights as a pickle, pytorch_model.bin: reading a pickle can run arbitrary code, so it is never opened
  expected: model.safetensors next to it
  hint: convert it once with Python: import torch; from safetensors.torch import save_file; save_file({k: v.contiguous().clone() for k, v in torch.load("pytorch_model.bin", weights_only=True).items()}, "model.safetensors", {"format": "pt"})`,
    ],
  ])("%s", async (_, keys, message) => expect(await refusal(await keys())).toBe(message));
});

describe("method and adapter", () => {
  test.each<[string, () => Keys | Promise<Keys>, string]>([
    [
      "a rank of a billion",
      () => ({ method: "lora", lora_r: 1e9 }),
      `lora_r 1000000000 is out of range
  at: lora_r; in TypeScript, r
  expected: 1 to 16384`,
    ],
    [
      "an alpha past all proportion",
      () => ({ method: "lora", lora_alpha: 1e30 }),
      `lora_alpha 1e+30 is out of range
  at: lora_alpha; in TypeScript, loraAlpha
  expected: at most 1000000`,
    ],
    [
      "targets that match nothing",
      () => ({ lora_target_modules: ["c_attn"] }),
      `lora_target_modules [c_attn] matched none of the 19 linear layers.${TARGETS}`,
    ],
    [
      "targets of which some match nothing",
      () => ({ lora_target_modules: ["query", "c_attn", "v_proj"] }),
      `lora_target_modules [c_attn, v_proj] matched none of the 19 linear layers.${TARGETS}`,
    ],
    [
      "layers that are not there",
      () => ({ layers_to_transform: [0, 99] }),
      `layers_to_transform [99] matched no layer of the model.
  at: layers_to_transform; in TypeScript, layersToTransform
  expected: layers that contain query, value: 0 to 2
  hint: layers are counted from 0.`,
    ],
    [
      "ranks of modules without an adapter",
      () => ({ rank_pattern: { query: 2, key: 4 } }),
      `rank_pattern [key] matched none of the 6 modules that get an adapter.
  at: rank_pattern; in TypeScript, rankPattern
  expected: the end of a module path, or a regular expression for it; these modules have the names: query, value
  hint: lora_target_modules selects the modules that get an adapter.`,
    ],
    [
      "modules to save that are not there",
      () => ({ lora_modules_to_save: "score" }),
      `lora_modules_to_save [score] matched none of the model's modules.
  at: lora_modules_to_save; in TypeScript, modulesToSave
  expected: the end of a module path; the model has: bert, embeddings, position_embeddings, word_embeddings, token_type_embeddings, LayerNorm, encoder, layer, attention, self, query, key, value, output, dense, intermediate, pooler, classifier
  hint: a classification head is always trained, without being listed.`,
    ],
    [
      "an adapter for another width",
      async () => {
        const folder = temporary();
        cpSync(fixture("bert/adapters/lora"), folder, { recursive: true });
        const file = `${folder}/adapter_model.safetensors`;
        const cut = [...(await tensorsOf(file))].map(([name, { shape, data }]) =>
          /layer\.0.*query\.lora_A/.test(name)
            ? ([name, { shape: [4, 16], data: data.slice(0, 64) }] as const)
            : ([name, { shape, data }] as const),
        );
        await writeTensors(file, cut);
        return { adapter_name_or_path: folder };
      },
      `the adapter's bert.encoder.layer.0.attention.self.query.lora_A.weight has shape [4,16], the model's has [4,32].
  at: TMP
  hint: was the adapter made for another base model, or for other labels?`,
    ],
    [
      "an adapter for other labels",
      () => ({
        ...adapter("lora"),
        ...data({
          train: [
            { text: "a", label: "A" },
            { text: "b", label: "B" },
          ],
        }),
      }),
      `the adapter's classifier.bias has shape [5], the model's has [2].
  at: FIXTURES/bert/adapters/lora
  hint: was the adapter made for another base model, or for other labels?`,
    ],
    [
      "a recipe that contradicts its adapter",
      () => ({ ...adapter("lora"), lora_r: 8 }),
      `the recipe contradicts the adapter that it starts from:
  lora_r: 8 in the recipe, 4 in the adapter
  at: FIXTURES/bert/adapters/lora
  hint: remove those keys: they come from the starting adapter.`,
    ],
  ])("%s", async (_, keys, message) => expect(await refusal(await keys())).toBe(message));

  test("unknown keys, wrong types and ranges", () => {
    expect(() => recipeOf({ lorar: 4, lora_r: 0, seed: "x" })).toThrow(
      /--lora_r: expected an integer >= 1, got 0\n--seed: expected an integer >= 0, got "?x"?\n--lorar: unknown key; did you mean lora_r\?/,
    );
  });
});
