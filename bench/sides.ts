/** Both sides of a comparison, each run in a fresh process on two threads: the built `lowrank`, and PyTorch with PEFT. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const NOTES = join(ROOT, "../shared");
const THREADS = 2;

/** The settings of a benchmark, from its flags and the environment. */
export interface Settings {
  readonly model: string;
  readonly data: string;
  readonly steps: number;
  readonly seeds: string;
  readonly methods: readonly string[];
  /** Python with PyTorch and PEFT. */
  readonly python: string;
  /** The script that trains with PEFT and prints its figures as JSON. */
  readonly peerScript: string;
}

/** What a side measured. */
export interface Measured {
  /** Padding not counted. */
  readonly tokensPerSecond: number;
  /** From process start. */
  readonly firstStepSeconds: number;
  readonly peakRssBytes: number;
}

/** Reads `--model --data --steps --seeds --methods`, `LOWRANK_MODELS`, `LOWRANK_PEERS` and `LOWRANK_PEER_SCRIPT`. */
export function settings(defaults: {
  readonly steps?: number;
  readonly methods?: string;
  readonly seeds?: string;
}): Settings {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { model: text, data: text, steps: text, seeds: text, methods: text } });
  const env = process.env;
  const python = join(env.LOWRANK_PEERS ?? join(homedir(), ".cache/lowrank-peers"), "bin/python");
  return {
    model: values.model ?? join(env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models"), "minilm"),
    data: values.data ?? join(NOTES, "data/cuad-clauses-19"),
    steps: Number(values.steps ?? defaults.steps ?? 60),
    seeds: values.seeds ?? defaults.seeds ?? "0",
    methods: (values.methods ?? defaults.methods ?? "lora").split(","),
    python,
    peerScript: env.LOWRANK_PEER_SCRIPT ?? join(NOTES, "peers/peft_classify.py"),
  };
}

/** What both sides are asked for: LoRA is r 16 on query and value, batches are 16 examples of at most 256 tokens, fp32. */
export interface Job {
  readonly method: string;
  readonly group: boolean;
  readonly seed?: number;
}

/** Trains with the built command. */
export function trainOurs({ model, data, steps }: Settings, { method, group, seed = 0 }: Job): Measured {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-bench-"));
  try {
    const recipe = join(folder, "recipe.yaml");
    writeFileSync(recipe, `model_name_or_path: ${JSON.stringify(model)}\ndataset_name: ${JSON.stringify(data)}\n`);
    const keys = {
      ...{ method, seed, group_by_length: group, max_steps: steps, output_dir: folder },
      ...{
        max_length: 256,
        per_device_train_batch_size: 16,
        learning_rate: 1e-4,
        eval_strategy: "no",
        save_strategy: "no",
      },
    };
    lowrank(["train", recipe, ...Object.entries(keys).map(([key, value]) => `--${key}=${value}`), "--quiet"]);
    const results = JSON.parse(readFileSync(join(folder, "train_results.json"), "utf8"));
    return {
      tokensPerSecond: results.tokens_per_second,
      firstStepSeconds: results.first_step_seconds,
      peakRssBytes: results.peak_rss_bytes,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The methods that the peer's script has, by their names here. */
const PEER_METHODS = ["full", "lora", "qlora", "head"];

/** Trains with PyTorch and PEFT; `undefined`, and a word on stderr, when they are not there, lack the method or fail. */
export function trainPeft(settings: Settings, { method, group, seed = 0 }: Job): Measured | undefined {
  const { model, data, steps, python, peerScript } = settings;
  if (isPeerMissing(python, peerScript)) return undefined;
  if (!PEER_METHODS.includes(method))
    return tell(`no figures of PEFT for ${method}: its script has ${PEER_METHODS.join(", ")}.`);
  const flags = {
    model,
    data,
    method,
    seed,
    "max-steps": steps,
    "max-len": 256,
    batch: 16,
    lr: 1e-4,
    threads: THREADS,
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...rest } = process.env;
  const env = { ...rest, OMP_NUM_THREADS: String(THREADS), HF_HUB_OFFLINE: "1", PYTHONWARNINGS: "ignore" };
  try {
    const printed = run(python, [peerScript, ...args, "--no-eval", ...(group ? ["--group"] : [])], env);
    const results = JSON.parse(printed.trim().split("\n").at(-1) as string);
    return {
      tokensPerSecond: results.real_tok_s,
      firstStepSeconds: results.first_step_s,
      peakRssBytes: results.peak_rss_mb * 2 ** 20,
    };
  } catch (error) {
    return tell(`no figures of PEFT for ${method}: ${(error as Error).message}`);
  }
}

/** Whether the peer's Python or its script is not there; says so on stderr, and what would help. */
export function isPeerMissing(python: string, script: string): boolean {
  if (!existsSync(python)) {
    const holds = "torch, transformers, peft, bitsandbytes and scikit-learn";
    tell(`PyTorch + PEFT is left out: there is no ${python}. LOWRANK_PEERS names a Python environment with ${holds}.`);
    return true;
  }
  if (existsSync(script)) return false;
  tell(
    `PyTorch + PEFT is left out: there is no ${script}, the script that trains with it; LOWRANK_PEER_SCRIPT names one.`,
  );
  return true;
}

const told = new Set<string>();

/** Says something on stderr, once. */
function tell(sentence: string): undefined {
  if (!told.has(sentence)) console.error(sentence);
  told.add(sentence);
}

/** Runs the built command and returns what it printed. */
export function lowrank(args: readonly string[]): string {
  return run(process.execPath, [join(ROOT, "dist/cli/main.js"), ...args], process.env);
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const pin =
    process.platform === "linux" && availableParallelism() > THREADS ? ["taskset", "-c", `0-${THREADS - 1}`] : [];
  const [program, ...all] = [...pin, command, ...args] as [string, ...string[]];
  const options = { env, encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(program, all, options);
  if (status !== 0) throw new Error(`${all.join(" ")} ended with ${status}:\n${stderr}`);
  return stdout;
}

/** The middle one of some figures, the upper of two. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Prints rows of cells as a Markdown table. */
export function printTable([titles, ...rows]: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log(
    [line(titles ?? []), line((titles ?? []).map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n"),
  );
}

/** `a ÷ b` as `1.31 ×`; a dash where a side is missing. */
export const ratio = (a: number | undefined, b: number | undefined): string =>
  a === undefined || b === undefined ? "–" : `${(a / b).toFixed(2)} ×`;

/** A figure with thousands separated; a dash where it is missing. */
export const figure = (n: number | undefined, digits = 0): string =>
  n === undefined ? "–" : n.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
