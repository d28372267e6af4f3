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
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained("google-bert/bert-base-uncased", num_labels=2)
    model = PeftModel.from_pretrained(model, "path/to/this/folder")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
    \`\`\`

    On the command line:

    \`\`\`sh
    lowrank predict --adapter_name_or_path path/to/this/folder "…"
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
