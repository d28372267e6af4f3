import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { changedModel, fixture, type Keys, readJson, runHere, tensorsOf, temporary } from "./running.ts";

const folder = temporary();
const file = (name: string, lines: readonly object[]): string => {
  writeFileSync(`${folder}/${name}`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return `${folder}/${name}`;
};
const data = (name: string, train: readonly object[], tests?: readonly object[]) => {
  const path = temporary();
  for (const [split, rows] of [["train", train], ["test", tests]] as const)
    if (rows) writeFileSync(`${path}/${split}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
};
async function refusal(keys: Keys): Promise<string> {
  const output_dir = `${folder}/out`;
  let message = "nothing was refused";
  try { const r = await runHere({ ...keys, output_dir }); message += JSON.stringify(r.events.filter(e=>e.kind==="warning")) } catch (e) { message = `${(e as Error).name} ${(e as any).exitCode}: ${(e as Error).message}`; }
  if (existsSync(output_dir)) { message += "\nWROTE OUTPUT"; rmSync(output_dir, { recursive: true }); }
  return message;
}
const ok = [{ text: "State", label: "payment" }, { text: "days", label: "liability" }];
const CASES: [string, () => Promise<Keys> | Keys][] = [
  ["missing file", () => ({ dataset_name: `${folder}/none.jsonl` })],
  ["missing folder model", () => ({ model_name_or_path: `${folder}/none` })],
  ["hub id", () => ({ model_name_or_path: `google-bert/bert-base-uncased` })],
  ["empty", () => ({ dataset_name: file("empty.jsonl", []) })],
  ["malformed", () => { writeFileSync(`${folder}/bad.jsonl`, '{"text": "a", "label": 1}\n{"text": '); return { dataset_name: `${folder}/bad.jsonl` }; }],
  ["no column", () => ({ dataset_name: file("col.jsonl", [...ok, { txt: "a", label: "payment" }]) })],
  ["label null", () => ({ dataset_name: file("lab.jsonl", [...ok, { text: "a", label: null }]) })],
  ["unseen label", () => ({ dataset_name: data("x", ok, [{ text: "a", label: "nonsense" }]) })],
  ["unseen label2", () => ({ dataset_name: data("x", [{ text: "a", label: "x" }, { text: "b", label: "y" }], [{ text: "a", label: "nonsense" }]) })],
  ["all empty", () => ({ dataset_name: file("blank.jsonl", [{ text: " ", label: "payment" }, { text: "", label: "payment" }]) })],
  ["some empty", () => ({ dataset_name: file("some.jsonl", [...ok, { text: "", label: "payment" }]), max_steps: 1 })],
  ["test all empty", () => ({ dataset_name: data("x", ok, [{ text: " ", label: "payment" }]), max_steps: 1 })],
  ["targets none", () => ({ lora_target_modules: ["c_attn"] })],
  ["targets partly", () => ({ lora_target_modules: ["query", "c_attn", "v_proj"] })],
  ["targets regex", () => ({ lora_target_modules: ".*c_attn" })],
  ["bad regex", () => ({ lora_target_modules: ".*(c_attn" })],
  ["layers", () => ({ layers_to_transform: [9] })],
  ["layers partly", () => ({ layers_to_transform: [0, 9] })],
  ["modules_to_save", () => ({ lora_modules_to_save: ["nonsense"] })],
  ["rank pattern", () => ({ rank_pattern: { nonsense: 4 } })],
  ["architecture", async () => ({ model_name_or_path: await changedModel({ model_type: "gpt_neo" }) })],
  ["task", () => ({ task_type: "CAUSAL_LM" })],
  ["tokenizer missing", async () => { const m = await changedModel(); rmSync(`${m}/tokenizer.json`); return { model_name_or_path: m }; }],
  ["tokenizer kind", async () => { const m = await changedModel(); const t = readJson(`${m}/tokenizer.json`); writeFileSync(`${m}/tokenizer.json`, JSON.stringify({ ...t, model: { ...(t.model as object), type: "Magic" } })); return { model_name_or_path: m }; }],
  ["shape", async () => ({ model_name_or_path: await changedModel({ hidden_size: 64 }) })],
  ["shape vocab", async () => ({ model_name_or_path: await changedModel({ vocab_size: 85 }) })],
  ["vocab too small", async () => ({ model_name_or_path: await changedModel({ vocab_size: 20 }, (t) => [...t].map(([n, x]) => n.includes("word_emb") ? [n, { shape: [20, 32], data: x.data.slice(0, 640) }] as const : [n, x] as const)) })],
  ["shape pooler", async () => ({ model_name_or_path: await changedModel({}, (t) => [...t].map(([n, x]) => n.includes("pooler.dense.w") ? [n, { shape: [16, 32], data: x.data.slice(0, 512) }] as const : [n, x] as const)) })],
  ["config value", async () => ({ model_name_or_path: await changedModel({ hidden_size: "big" }) })],
  ["config act", async () => ({ model_name_or_path: await changedModel({ hidden_act: "mish" }) })],
  ["config missing", async () => { const m = await changedModel(); rmSync(`${m}/config.json`); return { model_name_or_path: m }; }],
  ["missing tensors", async () => ({ model_name_or_path: await changedModel({ num_hidden_layers: 4 }) })],
  ["no model tensors", async () => ({ model_name_or_path: await changedModel({}, (t) => [...t].map(([n, x]) => [`model.${n}`, x] as const)) })],
  ["qlora missing", async () => ({ method: "qlora", model_name_or_path: await changedModel({ num_hidden_layers: 4 }) })],
  ["qlora shape", async () => ({ method: "qlora", model_name_or_path: await changedModel({ intermediate_size: 64 }) })],
  ["fewer layers config", async () => ({ method: "full", max_steps: 1, model_name_or_path: await changedModel({ num_hidden_layers: 2 }) })],
  ["truncated", async () => { const m = await changedModel(); truncateSync(`${m}/model.safetensors`, 60000); return { model_name_or_path: m }; }],
  ["pickle", async () => { const m = await changedModel(); rmSync(`${m}/model.safetensors`); writeFileSync(`${m}/pytorch_model.bin`, "x"); return { model_name_or_path: m }; }],
  ["no weights", async () => { const m = await changedModel(); rmSync(`${m}/model.safetensors`); return { model_name_or_path: m }; }],
  ["adapter other shape", () => ({ model_name_or_path: fixture("distilbert"), adapter_name_or_path: fixture("bert/adapters/lora") })],
  ["adapter other width", async () => { const a = temporary(); cpSync(fixture("bert/adapters/lora"), a, { recursive: true }); return { adapter_name_or_path: a, model_name_or_path: await changedModel({ hidden_size: 64 }) }; }],
  ["adapter missing", () => ({ adapter_name_or_path: `${folder}/none` })],
  ["adapter hub", () => ({ adapter_name_or_path: `someone/none` })],
  ["adapter clash", () => ({ adapter_name_or_path: fixture("bert/adapters/lora"), lora_r: 8, method: "lora" })],
  ["adapter labels", () => ({ adapter_name_or_path: fixture("bert/adapters/lora"), dataset_name: file("abc.jsonl", [{ text: "a", label: "A" }, { text: "b", label: "B" }]) })],
  ["masked", () => ({ task_type: "TOKEN_CLS", model_name_or_path: fixture("bert-tokens"), dataset_name: file("tok.jsonl", [{ tokens: ["a", "b"], labels: [-100, -100] }, { tokens: ["a"], labels: [-100] }]) })],
  ["masked some", () => ({ max_steps: 2, per_device_train_batch_size: 1, task_type: "TOKEN_CLS", model_name_or_path: fixture("bert-tokens"), dataset_name: file("tok2.jsonl", [{ tokens: ["a", "b"], labels: [-100, -100] }, { tokens: ["a"], labels: [1] }]) })],
  ["tok string", () => ({ task_type: "TOKEN_CLS", model_name_or_path: fixture("bert-tokens"), dataset_name: file("tok3.jsonl", [{ tokens: "a b", labels: "O O" }]) })],
  ["diverged", () => ({ learning_rate: 1e30, max_steps: 5 })],
  ["head 4bit", () => ({ method: "head", load_in_4bit: true, max_steps: 1 })],
  ["max_length 2", () => ({ max_length: 2 })],
  ["file as output", () => { return { dataset_name: file("some2.jsonl", ok), max_steps: 1, report_to: "tensorboard" }; }],
  ["int labels gap", () => ({ dataset_name: file("gap.jsonl", [{ text: "State", label: 7 }]), max_steps: 1 })],
  ["one label", () => ({ dataset_name: file("one.jsonl", [{ text: "State", label: "zzz" }]), max_steps: 1 })],
];
test("print", async () => {
  let out = "";
  for (const [name, keys] of CASES) out += `--- ${name}\n${await refusal(await keys())}\n`;
  writeFileSync("/tmp/refusals.txt", out.replaceAll(folder, "DIR"));
});
