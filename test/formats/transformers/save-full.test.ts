import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readJsonToEdit } from "../../../src/formats/json/json-file.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { saveFull } from "../../../src/formats/transformers/save-full.ts";
import { taskClass } from "../../../src/formats/transformers/task-class.ts";
import { temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();

const BASE = `{"model_type": "bert", "architectures": ["BertForMaskedLM"], "torch_dtype": "float16", "num_labels": 2,
  "hidden_size": 2, "cutoff": 2.0, "eps": 1e-12, "note": "1.0 \\" 2.0", "nested": {"theta": [10000.0, 3]}}`;

async function save(): Promise<string> {
  await mkdir(`${folder}/base`, { recursive: true });
  await writeFile(`${folder}/base/config.json`, BASE);
  const tensors = new Map([["classifier.weight", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]]);
  const id2label = { 0: "Kündigung", 1: "Haftung" };
  await saveFull(`${folder}/out`, {
    tensors,
    baseConfig: await readJsonToEdit(`${folder}/base/config.json`),
    taskType: "SEQ_CLS",
    id2label,
  });
  return `${folder}/out`;
}

test("the base's configuration, with the task's class and the labels", async () => {
  const saved = await readCheckpoint(await save());
  expect(saved.config).toEqual({
    ...{ model_type: "bert", hidden_size: 2, cutoff: 2, eps: 1e-12, note: '1.0 " 2.0', nested: { theta: [10000, 3] } },
    architectures: ["BertForSequenceClassification"],
    torch_dtype: "float32",
    id2label: { "0": "Kündigung", "1": "Haftung" },
    label2id: { Kündigung: 0, Haftung: 1 },
    problem_type: "single_label_classification",
  });
  expect(await saved.readFloat32("classifier.weight")).toEqual(Float32Array.of(1, 2, 3, 4));
});

test("floats stay floats, for transformers checks their types", async () => {
  const text = readFileSync(`${await save()}/config.json`, "utf8");
  expect(text).toContain('"cutoff": 2.0,');
  expect(text).toContain('"eps": 1e-12,');
  expect(text).toMatch(/"theta": \[\s+10000\.0,\s+3\s+\]/);
  expect(text).toContain('"K\\u00fcndigung": 0');
});

test.each([
  ["BertModel", "TOKEN_CLS", "BertForTokenClassification"],
  ["XLMRobertaForMaskedLM", "SEQ_CLS", "XLMRobertaForSequenceClassification"],
  ["DistilBertForSequenceClassification", "SEQ_CLS", "DistilBertForSequenceClassification"],
  ["ElectraForPreTraining", "SEQ_CLS", "ElectraForSequenceClassification"],
  ["GPT2LMHeadModel", "SEQ_CLS", "GPT2ForSequenceClassification"],
  ["GPT2ForSequenceClassification", "CAUSAL_LM", "GPT2LMHeadModel"],
  ["Gemma3ForCausalLM", "SEQ_CLS", "Gemma3TextForSequenceClassification"],
  ["Gemma3TextForSequenceClassification", "CAUSAL_LM", "Gemma3ForCausalLM"],
  [undefined, "SEQ_CLS", undefined],
])("%s under %s is %s", (architecture, task, expected) => {
  expect(taskClass(architecture === undefined ? {} : { architectures: [architecture] }, task)).toBe(expected);
});
