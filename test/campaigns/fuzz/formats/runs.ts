import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { run } from "../../../../src/cli/run.ts";
import { EXIT, RecipeError } from "../../../../src/errors.ts";
import type { Job } from "../../../../src/prepared/job.ts";
import { parseRecipe } from "../../../../src/recipe/parse.ts";
import { resolveRecipe } from "../../../../src/recipe/resolve.ts";
import { userSetKeys } from "../../../../src/recipe/user-set-keys.ts";
import { MANIFEST } from "../../../../src/training/checkpoints/manifest.ts";
import { runJob } from "../../../../src/training/run.ts";
import type { Format, Seed } from "../format.ts";
import { mutateJson } from "../mutate-json.ts";
import { mutateSafetensors } from "../mutate-safetensors.ts";
import { mutateText } from "../mutate-text.ts";
import { filesOf, fixture } from "./fixtures.ts";

const rows = { train: ["State", "days", "rent", "fee"].map((text, i) => ({ text, label: i % 2 ? "no" : "yes" })) };

const jobOf = (keys: Readonly<Record<string, unknown>>): Job => {
  const overrides = { model_name_or_path: fixture("bert"), dataset_name: "given", logging_steps: 1, ...keys };
  const recipe = parseRecipe("", { overrides });
  return {
    recipe: resolveRecipe(recipe),
    userSetKeys: userSetKeys(recipe),
    write: keys.output_dir !== undefined,
    rows,
  };
};

/** The manifest of a checkpoint as it was, which nothing reads but we. */
const SEED = "manifest.seed.json";
const hashOf = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Makes the manifest of a checkpoint agree with a mutated file, or with itself, so that the mutation gets past it to what reads the
 * file; one file in eight keeps the manifest that it does not agree with.
 */
function agree(folder: string, file: string): void {
  const bytes = readFileSync(`${folder}/${file}`);
  const sha256 = hashOf(bytes);
  const said = objectIn(file === MANIFEST ? bytes : readFileSync(`${folder}/${SEED}`));
  if (!said) return;
  const keeps = Number.parseInt(sha256.slice(0, 2), 16) < 32;
  if (file === MANIFEST && keeps) return;
  const files = said.files as Record<string, unknown>;
  const { sha256: _, ...rest } =
    file === MANIFEST || keeps ? said : { ...said, files: { ...files, [file]: { bytes: bytes.length, sha256 } } };
  const text = textOf(rest);
  if (text !== undefined) writeFileSync(`${folder}/${MANIFEST}`, textOf({ ...rest, sha256: hashOf(text) }) ?? "");
}

/** A value as JSON; `undefined` when it is nested too deep for that. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function objectIn(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Checkpoints of runs, resumed up to their first event. */
export const checkpoint: Format = {
  name: "checkpoint",
  mutate: (bytes, random, file) => {
    if (/\.jsonl?$/.test(file)) return mutateJson(bytes, random, file);
    return file.endsWith(".safetensors")
      ? mutateSafetensors(bytes, random)
      : mutateText([": ", "\n"])(bytes, random, file);
  },
  async seeds(scratch) {
    const seeds: Seed[] = [];
    for (const optim of ["adamw", "adamw_8bit"]) {
      const output_dir = `${scratch}/${optim}`;
      const keys = {
        output_dir,
        optim,
        max_steps: 2,
        per_device_train_batch_size: 2,
        save_strategy: "steps",
        save_steps: 2,
      };
      for await (const _ of runJob(jobOf(keys), () => false)) void _;
      const folder = `${output_dir}/checkpoint-2`;
      const mutated = readdirSync(folder).filter((name) =>
        /trainer_state|optimizer|manifest|adapter_|config\.json$/.test(name),
      );
      const files = filesOf(folder);
      seeds.push({
        name: optim,
        files: { ...files, [SEED]: files[MANIFEST]!, "optim.txt": Buffer.from(optim) },
        mutated,
      });
    }
    return seeds;
  },
  async read(folder, file) {
    agree(folder, file);
    const optim = readFileSync(`${folder}/optim.txt`, "utf8");
    const keys = { resume_from_checkpoint: folder, optim, max_steps: 2, per_device_train_batch_size: 2 };
    for await (const _ of runJob(jobOf(keys), () => false)) break;
  },
};

const YAML = [
  ": ", "- ", "\n", "\n  ", "  ", "&a ", "*a", "<<: *a\n", "!!binary ", "!!float ", "!!js/function ", "|\n", ">-\n", "? ", "{", "}", "[", "]", ",", "#", "%YAML 1.1\n", "---\n", "...\n",
  "'", '"', "~", ".inf", ".nan", "0x10", "0o7", "1_000", "2001-01-01", "method_overrides: {full: {learning_rate: 1}}\n", "lora_target_modules: '(a+)+$'\n", "rank_pattern: {a: 1}\n",
  "unfreeze_schedule: [{at: 0.5, layers: top:1}]\n", "layers_to_transform: [0, 99]\n", "lora_r: 1e9\n", "max_length: 1e9\n", "load_in_4bit: true\n", "task_type: TOKEN_CLS\n",
]; // biome-ignore format: a table

const recipes = new URL("../../../../recipes/", import.meta.url);

/** Recipes, up to the graph of their model. */
export const recipe: Format = {
  name: "recipe",
  mutate: mutateText(YAML),
  seeds: async () =>
    readdirSync(recipes).map((name): Seed => {
      const text = readFileSync(new URL(name, recipes), "utf8")
        .replace(/^(model_name_or_path): .*$/m, `$1: ${fixture(/CAUSAL/.test(name) ? "causal/llama" : "bert")}`)
        .replace(/^(dataset_name): .*$/m, `$1: ${fixture("data")}`);
      return { name, files: { "recipe.yaml": Buffer.from(text) }, mutated: ["recipe.yaml"] };
    }),
  read: async (folder) =>
    resolveRecipe(parseRecipe(readFileSync(`${folder}/recipe.yaml`, "utf8"), { file: "recipe.yaml" })),
};

const FLAGS = [
  "inspect",
  "recipe.yaml",
  "--lora-r=4",
  "--lora_alpha",
  "8",
  "--learning-rate=1e-3",
  "--load_in_4bit",
  "--method=lora",
  "--lora_target_modules=query,value",
  "--layers_to_transform=[0]",
  "--rank_pattern={query: 2}",
  "--max_length",
  "16",
  "--json",
];

/** Command lines, run in this process. */
export const flags: Format = {
  name: "flags",
  mutate: mutateJson,
  seeds: async () => {
    const text = `model_name_or_path: ${fixture("bert")}\ndataset_name: ${fixture("data")}\n`;
    const files = { "recipe.yaml": Buffer.from(text), "flags.json": Buffer.from(JSON.stringify(FLAGS)) };
    return [{ name: "inspect", files, mutated: ["flags.json"] }];
  },
  async read(folder) {
    const args = argumentsIn(readFileSync(`${folder}/flags.json`, "utf8"));
    const [, ...rest] = args.map((arg) => (arg === "recipe.yaml" ? `${folder}/recipe.yaml` : arg));
    const said: Buffer[] = [];
    const sink = () =>
      new Writable({
        write: (chunk, _, done) => {
          said.push(Buffer.from(chunk));
          done();
        },
      });
    const io = { stdin: new PassThrough(), stdout: sink(), stderr: sink() };
    const code = await run(["inspect", ...rest], io);
    const text = Buffer.concat(said).toString();
    if (code === EXIT.usage) throw new RecipeError(text);
    if (code !== EXIT.done) throw new Error(`exit ${code}: ${text.slice(0, 200)}`);
  },
};

function argumentsIn(json: string): string[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value.map((arg) => (typeof arg === "string" ? arg : JSON.stringify(arg))) : [];
  } catch {
    return json.split(",");
  }
}
