import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type BadInput, fixture, type Keys, type Workshop } from "../workshop.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const LORA = "bert/adapters/lora";
type Make = (workshop: Workshop) => string;
const rows = (rows: readonly (readonly [name: string, make: Make, says: RegExp])[]) => rows;

const keyed =
  (keys: Keys, path = LORA): Make =>
  (workshop) =>
    workshop.changed(path, keys, CONFIG);
const written =
  (content: string, file = CONFIG): Make =>
  (workshop) => {
    const folder = workshop.copy(LORA);
    workshop.put(`model/${file}`, content);
    return folder;
  };
const missing =
  (file: string, more: Keys = {}): Make =>
  (workshop) => {
    const folder = workshop.copy(LORA);
    rmSync(`${folder}/${file}`);
    for (const [name, content] of Object.entries(more)) workshop.put(`model/${name}`, String(content));
    return folder;
  };
/** The adapter with its tensors' header changed. */
const tensors =
  (change: (header: Record<string, unknown>) => Record<string, unknown>, path = LORA, file = WEIGHTS): Make =>
  (workshop) => {
    const folder = workshop.copy(path);
    const bytes = readFileSync(`${folder}/${file}`);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = Buffer.from(JSON.stringify(change(JSON.parse(bytes.subarray(8, 8 + length).toString()))));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(`${folder}/${file}`, Buffer.concat([prefix, header, bytes.subarray(8 + length)]));
    return folder;
  };
const renamed = (from: RegExp, to: string, path = LORA, file = WEIGHTS): Make =>
  tensors(
    (header) => {
      const entries = Object.entries(header);
      const at = entries.findIndex(([name]) => from.test(name));
      return Object.fromEntries(entries.map(([name, info], i) => [i === at ? to : name, info]));
    },
    path,
    file,
  );

const BERT = fixture("bert");
const COMMANDS: readonly ((workshop: Workshop, adapter: string) => readonly string[])[] = [
  (_, adapter) => ["predict", "--model_name_or_path", BERT, "--adapter_name_or_path", adapter, "The rent is due."],
  (workshop, adapter) => [
    "merge",
    "--model_name_or_path",
    BERT,
    "--adapter_name_or_path",
    adapter,
    "--out",
    workshop.at("out"),
  ],
  (workshop, adapter) => ["evaluate", workshop.recipe(), "--adapter_name_or_path", adapter],
  (workshop, adapter) => [
    "export",
    "--format",
    "safetensors",
    "--model_name_or_path",
    BERT,
    "--adapter_name_or_path",
    adapter,
    "--out",
    workshop.at("out"),
  ],
  (workshop, adapter) => ["train", workshop.recipe({ adapter_name_or_path: adapter })],
  (workshop, adapter) => ["plan", workshop.recipe({ adapter_name_or_path: adapter })],
];

const peft: readonly BadInput[] = rows([
  ["no adapter_config.json", missing(CONFIG), /adapter_config\.json|config\.json/],
  ["adapter_config.json no JSON", written("{"), /adapter_config\.json/],
  ["adapter_config.json null", written("null"), /adapter_config\.json/],
  ["adapter_config.json nested 100,000 deep", written(`{"a":${"[".repeat(100_000)}`), /adapter_config\.json/],
  ["peft_type missing", keyed({ peft_type: undefined }), /peft_type/],
  ["peft_type a number", keyed({ peft_type: 7 }), /peft_type/],
  ["peft_type IA3 and LoRA tensors", keyed({ peft_type: "PREFIX_TUNING" }), /PREFIX_TUNING/],
  ...[0, -1, 1.5, 1e9, "8", null].map((r) => [`r ${JSON.stringify(r)}`, keyed({ r }), /\br\b|lora_A|rank/] as const),
  ["lora_alpha text", keyed({ lora_alpha: "16" }), /lora_alpha/],
  ["lora_alpha 1e400", written(readFileSync(fixture(`${LORA}/${CONFIG}`), "utf8").replace(/"lora_alpha": \d+/, '"lora_alpha": 1e400')), /lora_alpha/],
  ["lora_dropout 2", keyed({ lora_dropout: 2 }), /lora_dropout/],
  ["target_modules a number", keyed({ target_modules: 7 }), /target_modules/],
  ["target_modules of numbers", keyed({ target_modules: [1] }), /target_modules/],
  ["target_modules that backtrack for ever", keyed({ target_modules: "(bert|.|.*)+x" }), /patterns|target_modules/],
  ["rank_pattern a list", keyed({ rank_pattern: [1] }), /rank_pattern/],
  ["rank_pattern of text", keyed({ rank_pattern: { query: "8" } }), /rank_pattern/],
  ["modules_to_save a number", keyed({ modules_to_save: 7 }), /modules_to_save/],
  ["layers_to_transform text", keyed({ layers_to_transform: "all" }), /layers_to_transform/],
  ["bias sometimes", keyed({ bias: "sometimes" }), /bias/],
  ["use_dora without magnitudes", keyed({ use_dora: true }), /magnitude|lacks|use_dora/],
  ["no weights", missing(WEIGHTS), /weights/],
  ["adapter_model.bin alone", missing(WEIGHTS, { "adapter_model.bin": "PK\x03\x04" }), /pickle/],
  ["weights cut off", (workshop) => { const folder = workshop.copy(LORA); writeFileSync(`${folder}/${WEIGHTS}`, readFileSync(`${folder}/${WEIGHTS}`).subarray(0, -4)); return folder; }, /truncated/],
  ["weights of /dev/zero", (workshop) => { const folder = workshop.copy(LORA); rmSync(`${folder}/${WEIGHTS}`); symlinkSync("/dev/zero", `${folder}/${WEIGHTS}`); return folder; }, /adapter_model/],
  ["weights that are a folder", (workshop) => { const folder = workshop.copy(LORA); rmSync(`${folder}/${WEIGHTS}`); mkdirSync(`${folder}/${WEIGHTS}`); return folder; }, /folder/],
  ["lora_B of one layer missing", renamed(/lora_B/, "base_model.model.stray.weight"), /stray|lora_B|lacks/],
  ["a tensor of another library", renamed(/lora_A/, "lora_te_text_model.lora_down.weight"), /lora_te/],
  ["a tensor named __proto__", renamed(/lora_A/, "__proto__"), /__proto__|lacks/],
  ["another rank than its config", keyed({ r: 8 }), /lora_A|rank|\[/],
  ["an adapter of another model", (workshop) => workshop.copy("causal/llama/adapters/lora"), /does not have|lacks|base|matched none/],
  ["an adapter of the other labels", tensors((header) => Object.fromEntries(Object.entries(header).map(([name, info]) => [name, /classifier.*weight/.test(name) ? { ...(info as object), shape: [(info as { shape: [number, number] }).shape[0] / 1, (info as { shape: [number, number] }).shape[1]].reverse() } : info]))), /classifier/],
  ["an empty folder", (workshop) => { mkdirSync(workshop.at("model")); return workshop.at("model"); }, /config\.json|model/],
  ["a path that is not there", (workshop) => workshop.at("nowhere/at/all"), /nowhere/],
]).map(([name, make, says], i) => ({
  name,
  family: "PEFT adapter",
  says,
  args: (workshop) => {
    const command = COMMANDS[i % COMMANDS.length] as (typeof COMMANDS)[number];
    return command(workshop, make(workshop));
  },
})); // biome-ignore format: a table

const HUB = "bert/adapters/houlsby";
const hub =
  (file: string, keys: Keys): Make =>
  (workshop) =>
    workshop.changed(HUB, keys, file);
const houlsby: readonly BadInput[] = rows([
  ["config null", hub(CONFIG, { config: null }), /config/],
  ["config a list", hub(CONFIG, { config: [] }), /config/],
  ["reduction_factor 0", hub(CONFIG, { config: { reduction_factor: 0, non_linearity: "swish", mh_adapter: true, output_adapter: true } }), /reduction_factor|config/],
  ["reduction_factor text", hub(CONFIG, { config: { reduction_factor: "16", non_linearity: "swish", mh_adapter: true, output_adapter: true } }), /reduction_factor|config/],
  ["an unknown non_linearity", hub(CONFIG, { config: { reduction_factor: 16, non_linearity: "dance", mh_adapter: true, output_adapter: true } }), /non_linearity|dance|config/],
  ["a prefix", hub(CONFIG, { config: { architecture: "prefix_tuning" } }), /prefix|config/],
  ["head_config.json no JSON", (workshop) => { const folder = workshop.copy(HUB); workshop.put("model/head_config.json", "{"); return folder; }, /head_config/],
  ["a tensor without its pair", renamed(/adapter_down/, "bert.stray.weight", HUB, "adapter.safetensors"), /stray|lacks/],
  ["a head of adapter-hub's own", renamed(/classifier/, "heads.test.1.weight", HUB, "model_head.safetensors"), /heads\.test/],
  ["a head that is a pickle", (workshop) => { const folder = workshop.copy(HUB); rmSync(`${folder}/model_head.safetensors`); workshop.put("model/pytorch_model_head.bin", "PK"); return folder; }, /pickle/],
]).map(([name, make, says], i) => ({
  name,
  family: "adapter-hub adapter",
  says,
  args: (workshop) => [COMMANDS[0], COMMANDS[2], COMMANDS[4]][i % 3]?.(workshop, make(workshop)) ?? [],
})); // biome-ignore format: a table

/** A base whose folder has a tokenizer. */
const merged = (workshop: Workshop): string => {
  const base = workshop.copy("merge/llama", "base");
  workshop.put("base/tokenizer.json", readFileSync(fixture("causal/llama/tokenizer.json")));
  return base;
};
const others: readonly BadInput[] = rows([
  ["mlx: fine_tune_type full", (workshop) => workshop.changed("merge/llama/mlx/lora", { fine_tune_type: "full" }, CONFIG), /fine_tune_type|full/],
  ["mlx: no lora_parameters", (workshop) => workshop.changed("merge/llama/mlx/lora", { lora_parameters: null }, CONFIG), /lora_parameters/],
  ["mlx: rank text", (workshop) => workshop.changed("merge/llama/mlx/lora", { lora_parameters: { rank: "8", scale: 2, dropout: 0 } }, CONFIG), /rank/],
  ["mlx: a strange tensor", renamed(/lora_a/, "model.layers.0.stray", "merge/llama/mlx/lora", "adapters.safetensors"), /stray/],
  ["GGUF adapter: cut off", (workshop) => workshop.put("a.gguf", readFileSync(fixture("merge/llama-bf16/adapters/all.gguf")).subarray(0, 900)), /a\.gguf/],
  ["GGUF adapter: a whole model", (workshop) => workshop.put("a.gguf", readFileSync(fixture("gguf/llama.gguf"))), /a\.gguf|adapter/],
  ["GGUF adapter: an empty file", (workshop) => workshop.put("a.gguf", ""), /a\.gguf/],
]).map(([name, make, says]) => ({
  name,
  family: "mlx and GGUF adapters",
  says,
  args: (workshop) => ["export", "--format", "peft", "--model_name_or_path", merged(workshop), "--adapter_name_or_path", make(workshop), "--out", workshop.at("out")],
})); // biome-ignore format: a table

/** Adapters of PEFT, adapter-hub, mlx-lm and llama.cpp. */
export const adapterCases: readonly BadInput[] = [...peft, ...houlsby, ...others];
