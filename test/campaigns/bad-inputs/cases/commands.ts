import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BadInput, fixture, type Keys, type Workshop } from "../workshop.ts";

const key = (name: string, value: unknown, says = new RegExp(name), more: Keys = {}): BadInput => ({
  name: `${name}: ${JSON.stringify(value)?.slice(0, 40)}`,
  family: "recipe",
  says,
  args: (workshop) => ["train", workshop.recipe({ [name]: value, ...more })],
});
const yaml = (name: string, text: string | Uint8Array, says = /recipe\.yaml/): BadInput => ({
  name,
  family: "recipe",
  says,
  args: (workshop) => ["plan", workshop.put("recipe.yaml", text)],
});
const recipes: readonly BadInput[] = [
  key("lorar", 8, /lorar/), key("__proto__", 8, /__proto__/), key("lora_r", 0), key("lora_r", -1), key("lora_r", 1.5), key("lora_r", 1e9), key("lora_r", "eight"),
  key("lora_alpha", 0), key("lora_alpha", -1), key("lora_dropout", 1), key("lora_dropout", -0.1), key("lora_target_modules", ["nowhere"]),
  key("lora_target_modules", ["query", "nowhere"], /nowhere/), key("lora_target_modules", "("), key("lora_target_modules", []), key("lora_target_modules", 7),
  key("lora_modules_to_save", ["nowhere"], /nowhere|modules_to_save/), key("layers_to_transform", [99]), key("layers_to_transform", [-1]), key("rank_pattern", { query: 0 }),
  key("learning_rate", -1), key("learning_rate", "fast"), key("num_train_epochs", -1), key("max_steps", 0), key("max_steps", 1.5), key("per_device_train_batch_size", 0),
  key("gradient_accumulation_steps", 0), key("warmup_steps", -1), key("seed", 1.5), key("seed", "lucky"), key("weight_decay", -1),
  key("adam_beta1", 1), key("adam_epsilon", 0), key("max_grad_norm", -1), key("optim", "adamax"), key("lr_scheduler_type", "spiral"), key("method", "magic"), key("task_type", "QUESTION_ANS"),
  key("dtype", "float8"), key("load_in_4bit", "maybe"), key("bnb_4bit_quant_type", "nf5"), key("max_length", 0), key("max_length", 1, /max_length/), key("max_length", -5), key("eval_strategy", "sometimes"),
  key("save_strategy", "never"), key("save_total_limit", 0), key("save_steps", 0), key("metric_for_best_model", "beauty", /beauty|metric_for_best_model/), key("report_to", "nowhere"),
  key("unfreeze_schedule", [{ at: -1, layers: "top:1" }]), key("unfreeze_schedule", [{ at: 1, layers: ["nowhere"] }], /unfreeze_schedule|nowhere/, { method: "full" }), key("text_column", "nowhere"), key("label_column", "nowhere"),
  key("dataset_train_split", "nowhere", /nowhere/), key("adapter_name_or_path", "/nowhere/at/all", /nowhere/), key("resume_from_checkpoint", "/nowhere/at/all", /nowhere/), key("resume_from_checkpoint", true, /resume_from_checkpoint|checkpoint/),
  key("model_name_or_path", "nowhere/at-all", /nowhere/), key("model_name_or_path", "../../etc/passwd", /passwd/), key("model_name_or_path", "a\u0000b", /model|NUL|a.?b/), key("model_name_or_path", "", /model_name_or_path/),
  key("model_name_or_path", "https://huggingface.co/a/b", /huggingface/), key("model_revision", "../..", /\.\.|revision|org/, { model_name_or_path: "org/none" }),
  key("output_dir", "/proc/lowrank", /\/proc/), key("output_dir", "/proc/self/lowrank", /\/proc/), key("output_dir", "/dev/null/out", /\/dev\/null/), key("output_dir", "/dev/full", /\/dev\/full/), key("output_dir", "a\u0000b", /output_dir|NUL|a.?b/),
  key("output_dir", "", /output_dir/), key("output_dir", fixture("bert"), /output_dir|bert/), key("output_dir", `${"a".repeat(300)}`, /output_dir|a{20}/), key("method_overrides", { lora: { learning_rat: 1 } }), key("method_overrides", 7),
  key("from_scratch", true, /from_scratch|nowhere/, { method: "lora", model_name_or_path: "/nowhere/at/all" }), key("device", "tpu"), key("load_in_8bit", true, /load_in_8bit|load_in_4bit/, { load_in_4bit: true }), key("load_best_model_at_end", true, /load_best_model_at_end|validation/),
  yaml("an empty file", ""), yaml("a list", "- a\n- b\n"), yaml("a number", "7"), yaml("text", "hello"), yaml("a key twice", "lora_r: 1\nlora_r: 2\n"), yaml("a tab", "lora_r:\t1\n\tlora_alpha: 2\n"),
  yaml("a bracket that is not closed", "lora_target_modules: [a, b\n"), yaml("no UTF-8", Buffer.from([0x61, 0x3a, 0xff])), yaml("NUL bytes", "\0\0\0"), yaml("an unknown anchor", "lora_r: *a\n"),
  yaml("a billion laughs", ["a: &a [x, x, x, x, x, x, x, x, x]", ..."bcdefghijk".split("").map((name, i) => `${name}: &${name} [${new Array(9).fill(`*${"abcdefghijk"[i]}`).join(", ")}]`)].join("\n")),
  yaml("nested 10,000 deep", `lora_r: ${"[".repeat(10_000)}${"]".repeat(10_000)}\n`), yaml("100,000 unknown keys", Array.from({ length: 100_000 }, (_, i) => `key${i}: 1\n`).join("")), yaml("a key of a megabyte", `${"a".repeat(1_000_000)}: 1\n`),
  yaml("a merge key", "<<: {lora_r: 8}\n"), yaml("tags", "lora_r: !!js/function 'x'\n"), yaml("two documents", "lora_r: 8\n---\nlora_r: 9\n"),
]; // biome-ignore format: a table

const command = (
  name: string,
  args: (workshop: Workshop) => readonly string[],
  says: RegExp,
  more: Partial<BadInput> = {},
): BadInput => ({ name, family: "command line", args, says, ...more });
const BERT = ["--model_name_or_path", fixture("bert")];
const LORA = ["--adapter_name_or_path", fixture("bert/adapters/lora")];
const special =
  (make: (path: string) => void) =>
  (workshop: Workshop): string => {
    make(workshop.at("recipe.yaml"));
    return workshop.at("recipe.yaml");
  };
const commands: readonly BadInput[] = [
  command("an unknown command", () => ["tran", "recipe.yaml"], /tran/),
  command("an unknown flag", (workshop) => ["train", workshop.recipe(), "--lora-ran=8"], /lora-ran/),
  command("a flag without value", (workshop) => ["train", workshop.recipe(), "--lora_r"], /lora_r/),
  command("a flag of another type", (workshop) => ["train", workshop.recipe(), "--lora_r=many"], /lora_r/),
  command("a flag that is YAML and broken", (workshop) => ["train", workshop.recipe(), "--rank_pattern={a: "], /rank_pattern/),
  command("a flag nested deep", (workshop) => ["train", workshop.recipe(), `--rank_pattern=${"[".repeat(10_000)}`], /rank_pattern/),
  command("a flag with a control character", (workshop) => ["train", workshop.recipe(), "--optim=a\u001b[31mb"], /optim/),
  command("no recipe", () => ["train"], /recipe/),
  command("two recipes", (workshop) => ["train", workshop.recipe(), "other.yaml"], /argument|other/),
  command("a recipe that is not there", () => ["plan", "/nowhere/recipe.yaml"], /nowhere/),
  command("a recipe that is a folder", (workshop) => ["plan", workshop.folder], /folder/),
  command("a recipe that is a pipe", (workshop) => ["plan", special((path) => execFileSync("mkfifo", [path]))(workshop)], /recipe\.yaml/),
  command("a recipe that is /dev/zero", (workshop) => ["plan", special((path) => symlinkSync("/dev/zero", path))(workshop)], /recipe\.yaml/),
  command("a recipe of 600 MB", (workshop) => ["plan", special((path) => { writeFileSync(path, ""); truncateSync(path, 600e6); })(workshop)], /recipe\.yaml/),
  command("predict without a model", () => ["predict", "a text"], /model|adapter/),
  command("predict: an input that is not there", (workshop) => ["predict", ...BERT, "--input", workshop.at("none.txt")], /none\.txt/),
  command("predict: an input that is a folder", (workshop) => ["predict", ...BERT, "--input", workshop.folder], /folder/),
  command("predict: /dev/zero", () => ["predict", ...BERT, "--input", "/dev/zero"], /dev\/zero/),
  command("predict: a damaged Parquet", (workshop) => ["predict", ...BERT, "--input", workshop.put("rows.parquet", "PAR1PAR1")], /rows\.parquet/),
  command("predict: a CSV without texts", (workshop) => ["predict", ...BERT, "--input", workshop.put("rows.csv", "a,b\n1,2\n")], /rows\.csv/),
  command("predict: a decoder without a head", () => ["predict", "--model_name_or_path", fixture("causal/llama"), "a"], /head|causal/),
  command("generate: an encoder", () => ["generate", ...BERT, "a"], /bert|CAUSAL_LM/),
  command("generate without prompts", () => ["generate", "--model_name_or_path", fixture("causal/llama")], /prompts/),
  command("generate: max_new_tokens -1", () => ["generate", "--model_name_or_path", fixture("causal/llama"), "a", "--max_new_tokens", "-1"], /max_new_tokens/),
  command("generate: temperature hot", () => ["generate", "--model_name_or_path", fixture("causal/llama"), "a", "--temperature", "hot"], /temperature/),
  command("generate --chat without a template", () => ["generate", "--model_name_or_path", fixture("causal/llama"), "a", "--chat"], /template/),
  command("merge without an adapter", (workshop) => ["merge", ...BERT, "--out", workshop.at("out")], /adapter/),
  command("merge without --out", () => ["merge", ...BERT, ...LORA], /out/),
  command("merge into the base", (workshop) => { const base = workshop.copy("bert"); return ["merge", "--model_name_or_path", base, ...LORA, "--out", base]; }, /weights|out|base/),
  command("merge onto a file", (workshop) => ["merge", ...BERT, ...LORA, "--out", workshop.put("file", "x")], /file/),
  command("merge into /proc", () => ["merge", ...BERT, ...LORA, "--out", "/proc/out"], /\/proc/),
  command("merge: an unknown type", (workshop) => ["merge", ...BERT, ...LORA, "--out", workshop.at("out"), "--type", "float8"], /float8|type/),
  command("export: an unknown format", (workshop) => ["export", "--format", "pickle", ...BERT, "--out", workshop.at("out")], /format|pickle/),
  command("export: no format", (workshop) => ["export", ...BERT, "--out", workshop.at("out")], /format/),
  command("export: GGUF of an encoder", (workshop) => ["export", "--format", "gguf", ...BERT, "--out", workshop.at("out.gguf")], /bert|gguf/i),
  command("export: mlx without an adapter", (workshop) => ["export", "--format", "mlx", ...BERT, "--out", workshop.at("out")], /adapter|mlx/),
  command("evaluate: a head that is not there", (workshop) => ["evaluate", workshop.recipe({ model_name_or_path: fixture("bert-bare"), dataset_test_split: "nowhere" })], /nowhere|head/),
  command("compare: an unknown method", (workshop) => ["compare", workshop.recipe(), "--methods", "lora,magic"], /magic/),
  command("compare: seeds of words", (workshop) => ["compare", workshop.recipe(), "--methods", "lora", "--seeds", "one"], /seeds|one/),
  command("compare without methods", (workshop) => ["compare", workshop.recipe(), "--methods", ""], /methods/),
  command("init over a file", (workshop) => ["init", "--yes", ...BERT, "--dataset_name", fixture("data"), "--output", workshop.put("made.yaml", "x")], /made\.yaml/),
  command("init: data that are not there", (workshop) => ["init", "--yes", ...BERT, "--dataset_name", workshop.at("none"), "--output", workshop.at("made.yaml")], /none/),
  command("init: an unknown task", (workshop) => ["init", "--yes", ...BERT, "--dataset_name", fixture("data"), "--task_type", "MAGIC", "--output", workshop.at("made.yaml")], /MAGIC|task_type/),
  command("completion of an unknown shell", () => ["completion", "cobol"], /cobol|shell/),
  command("HF_ENDPOINT no address", (workshop) => ["plan", workshop.recipe({ model_name_or_path: "org/none" })], /HF_ENDPOINT|address/, { env: { HF_ENDPOINT: "not an address", HF_HUB_OFFLINE: "" } }),
  command("HF_ENDPOINT that refuses", (workshop) => ["plan", workshop.recipe({ model_name_or_path: "org/none" })], /127\.0\.0\.1|org\/none/, { env: { HF_ENDPOINT: "http://127.0.0.1:9", HF_HUB_OFFLINE: "" } }),
  command("HF_TOKEN of two lines", (workshop) => ["plan", workshop.recipe({ model_name_or_path: "org/none" })], /token/i, { env: { HF_TOKEN: "a\nb", HF_HUB_OFFLINE: "" } }),
  command("offline", (workshop) => ["plan", workshop.recipe({ model_name_or_path: "org/none" })], /HF_HUB_OFFLINE|org\/none/),
]; // biome-ignore format: a table

/** Checkpoints of a run that was made before the campaign. */
const checkpoint = (
  name: string,
  damage: (folder: string, workshop: Workshop) => void,
  says = /checkpoint|trainer_state|optimizer|adapter/,
): BadInput => ({
  name,
  family: "checkpoint",
  says,
  args: (workshop) => {
    const { path, keys } = trained(workshop);
    damage(path, workshop);
    return ["train", workshop.recipe({ ...keys, output_dir: workshop.at("other"), resume_from_checkpoint: path })];
  },
});

/** Copies the checkpoint that `LOWRANK_CHECKPOINT` names. */
function trained(workshop: Workshop): { readonly path: string; readonly keys: Keys } {
  const path = workshop.at("checkpoint-2");
  execFileSync("cp", ["-r", process.env.LOWRANK_CHECKPOINT ?? "", path]);
  return { path, keys: TRAINED };
}

/** What the checkpoint was trained with. */
export const TRAINED: Keys = { max_steps: 4, save_strategy: "steps", save_steps: 2, eval_strategy: "no" };
const state =
  (change: (state: Record<string, unknown>) => unknown) =>
  (folder: string): void => {
    const path = join(folder, "trainer_state.json");
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
  };
const over =
  (file: string, content: string | Uint8Array) =>
  (folder: string): void =>
    writeFileSync(join(folder, file), content);
const cut =
  (file: string, bytes: number) =>
  (folder: string): void =>
    writeFileSync(join(folder, file), readFileSync(join(folder, file)).subarray(0, bytes));
const flip =
  (file: string) =>
  (folder: string): void => {
    const bytes = readFileSync(join(folder, file));
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    writeFileSync(join(folder, file), bytes);
  };
const gone =
  (file: string) =>
  (folder: string): void =>
    rmSync(join(folder, file));
const checkpoints: readonly BadInput[] = [
  checkpoint("an empty folder", (folder) => { rmSync(folder, { recursive: true }); mkdirSync(folder); }),
  ...["trainer_state.json", "optimizer.safetensors", "adapter_model.safetensors", "adapter_config.json"].flatMap((file) => [
    checkpoint(`${file} is gone`, gone(file)),
    checkpoint(`${file} is empty`, over(file, "")),
    checkpoint(`${file} is cut`, cut(file, 40)),
    checkpoint(`${file} has one bit flipped`, flip(file)),
  ]),
  checkpoint("trainer_state.json null", over("trainer_state.json", "null")),
  checkpoint("step -1", state((state) => ({ ...state, global_step: -1 }))),
  checkpoint("step 1.5", state((state) => ({ ...state, global_step: 1.5 }))),
  checkpoint("step 1e300", state((state) => ({ ...state, global_step: 1e300 }))),
  checkpoint("step as text", state((state) => ({ ...state, global_step: "2" }))),
  checkpoint("no random state", state((state) => ({ ...state, random: null }))),
  checkpoint("a random state of text", state((state) => ({ ...state, random: { key: "a", words: "b" } }))),
  checkpoint("optimizer.safetensors of /dev/zero", (folder) => { rmSync(join(folder, "optimizer.safetensors")); symlinkSync("/dev/zero", join(folder, "optimizer.safetensors")); }),
]; // biome-ignore format: a table

/** Recipes, command lines and checkpoints. */
export const commandCases: readonly BadInput[] = [...recipes, ...commands, ...checkpoints];
