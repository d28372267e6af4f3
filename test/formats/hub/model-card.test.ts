import { expect, test } from "vitest";
import { parse } from "yaml";
import { type CardFacts, modelCard } from "../../../src/formats/hub/model-card.ts";

const facts: CardFacts = {
  format: "peft",
  method: "lora",
  taskType: "SEQ_CLS",
  baseModel: "google-bert/bert-base-uncased",
  dataset: "/home/somebody/contracts/train.jsonl",
  labels: ["payment", "liability"],
  trainableParameters: 296_450,
  totalParameters: 109_780_228,
  hyperParameters: { lora_r: 16, learning_rate: 1e-3, lora_target_modules: ["query", "value"], max_steps: undefined },
  results: { eval_loss: 0.123456789, eval_accuracy: 0.9, eval_macro_f1: 0.875, eval_per_class: { payment: { f1: 1 } } },
  version: "0.1.0",
};

test("reads well", () => {
  expect(modelCard(facts)).toMatchInlineSnapshot(`
    "---
    base_model: google-bert/bert-base-uncased
    library_name: peft
    pipeline_tag: text-classification
    tags:
      - lowrank
      - lora
    metrics:
      - accuracy
      - f1
    ---

    # google-bert/bert-base-uncased, fine-tuned for text classification

    \`google-bert/bert-base-uncased\` trained with LoRA on \`train.jsonl\`: 296,450 of 109,780,228 parameters (0.27 %).

    Labels: \`payment\`, \`liability\`.

    ## Results

    | metric | value |
    | --- | --- |
    | \`eval_loss\` | 0.12346 |
    | \`eval_accuracy\` | 0.9 |
    | \`eval_macro_f1\` | 0.875 |

    ## Training

    | setting | value |
    | --- | --- |
    | \`lora_r\` | 16 |
    | \`learning_rate\` | 0.001 |
    | \`lora_target_modules\` | ["query","value"] |

    ## Use

    In Python:

    \`\`\`python
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    config = AutoConfig.from_pretrained("path/to/this/folder")  # which has the labels
    model = AutoModelForSequenceClassification.from_pretrained("google-bert/bert-base-uncased", config=config, ignore_mismatched_sizes=True)
    model = PeftModel.from_pretrained(model, "path/to/this/folder")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")

    logits = model(**tokenizer("…", return_tensors="pt")).logits
    print(model.config.id2label[logits.argmax().item()])
    \`\`\`

    On the command line:

    \`\`\`sh
    npx lowrank predict --adapter_name_or_path path/to/this/folder "…"
    \`\`\`

    Made with lowrank 0.1.0.
    "
  `);
});

test.each([
  ["adapters", "adapter", "adapter-transformers", "with_head=True, use_safetensors=True"],
  ["transformers", "full", "transformers", 'ForSequenceClassification.from_pretrained("path/to/this/folder")'],
] as const)("the card of %s names its library and how to load it", (format, method, library, code) => {
  const card = modelCard({ ...facts, format, method });
  expect(parse(card.split("---")[1] ?? "")).toMatchObject({ library_name: library });
  expect(card).toContain(code);
});

test("the front matter names only what the Hub knows; paths lose all but their end", () => {
  const card = modelCard({ ...facts, baseModel: "/home/somebody/models/bert", dataset: "coastalcph/lex_glue" });
  const front = parse(card.split("---")[1] ?? "");
  expect(front).not.toHaveProperty("base_model");
  expect(front.datasets).toEqual(["coastalcph/lex_glue"]);
  expect(card).not.toContain("somebody");
});

const frontOf = (card: string): Record<string, unknown> => parse(card.split("---")[1] ?? "");

test.each([
  ["CAUSAL_LM", "text-generation", "AutoModelForCausalLM", "npx lowrank generate --adapter_name_or_path path/to"],
  ["MASKED_LM", "fill-mask", "AutoModelForMaskedLM", "npx lowrank evaluate path/to/this/folder/recipe.yaml --adapter"],
  ["TOKEN_CLS", "token-classification", "AutoModelForTokenClassification", "npx lowrank predict --adapter_name"],
  [
    "FEATURE_EXTRACTION",
    "sentence-similarity",
    "SentenceTransformer(",
    "npx lowrank embed --adapter_name_or_path path",
  ],
] as const)("%s has its pipeline, its class and its command", (taskType, pipeline, python, command) => {
  const card = modelCard({ ...facts, taskType, labels: taskType === "TOKEN_CLS" ? ["O", "B"] : [] });
  expect(frontOf(card).pipeline_tag).toBe(pipeline);
  expect(card).toContain(python);
  expect(card).toContain(command);
  expect(card.includes("config=config")).toBe(taskType === "TOKEN_CLS");
  expect(card).not.toContain("num_labels");
});

test("embeddings are sentence-transformers', but in adapter-hub's files", () => {
  const embeddings = { ...facts, taskType: "FEATURE_EXTRACTION", labels: [] } as const;
  expect(frontOf(modelCard(embeddings)).library_name).toBe("sentence-transformers");
  const hub = modelCard({ ...embeddings, format: "adapters", method: "adapter" });
  expect(frontOf(hub).library_name).toBe("adapter-transformers");
  expect(hub).toContain("AutoModel.from_pretrained(");
});

test("problems of a classifier have words and code of their own", () => {
  const several = modelCard({ ...facts, problemType: "multi_label_classification" });
  expect(several).toContain("fine-tuned for multi-label text classification");
  expect(several).toContain('getattr(model.config, "multi_label_threshold", 0.5)');
  const value = modelCard({ ...facts, problemType: "regression", labels: ["LABEL_0"] });
  expect(value).toContain("fine-tuned for text regression");
  expect(value).toContain("logits.item()");
  expect(value).not.toContain("Labels:");
});

test.each([
  ["/home/somebody/models/bert", '"path/to/bert"'],
  ["C:\\models\\bert", '"path/to/bert"'],
  ["gpt2", '"gpt2"'],
  ["embedded", '"node_modules/lowrank/foundation/model"'],
  ["models/tiny.Q4_0.gguf", '"path/to/its/folder", gguf_file="tiny.Q4_0.gguf"'],
])("the base %s is %s in Python", (baseModel, source) => {
  const card = modelCard({ ...facts, baseModel, taskType: "CAUSAL_LM", labels: [] });
  expect(card).toContain(`AutoModelForCausalLM.from_pretrained(${source})`);
});

test("a base at another revision is loaded at it", () => {
  expect(modelCard({ ...facts, revision: "v2" })).toContain('bert-base-uncased", revision="v2", config=config');
  expect(modelCard({ ...facts, revision: "main" })).not.toContain("revision");
});

test("pictures come with their descriptions", () => {
  const card = modelCard({ ...facts, pictures: [{ file: "training.svg", alt: "Loss over 12 steps" }] });
  expect(card).toContain("\n## Pictures\n\n![Loss over 12 steps](training.svg)\n\n## Training\n");
  expect(modelCard({ ...facts, pictures: [] })).toBe(modelCard(facts));
});
