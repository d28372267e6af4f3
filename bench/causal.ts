/**
 * How fast and how small a training step of a causal model is, beside PyTorch with PEFT on the same shapes, in the same
 * run: `npm run bench:causal -- [--steps 6] [--model DIR-or-GGUF] [--only WORDS] [--alone]`. LoRA r 16 on query and value.
 * Milliseconds are the median step; memory is the peak resident set of a fresh process. What PEFT's script cannot do, and
 * everything with `--alone`, stands alone.
 *
 * What a text says does not matter here, how many tokens it has does: rows are one word over and over.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { figure, lowrank, median, printTable, ratio } from "./sides.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { model: text, steps: text, only: text, alone: { type: "boolean" } } });
const env = process.env;
const models = env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models");
const model = values.model ?? join(models, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
const steps = Number(values.steps ?? 6);
const python = join(env.LOWRANK_PEERS ?? join(homedir(), ".cache/lowrank-peers"), "bin/python");
const script = env.LOWRANK_CAUSAL_PEER_SCRIPT ?? join(import.meta.dirname, "../../shared/peers/peft_causal_step.py");

interface Work {
  readonly name: string;
  readonly batch: number;
  readonly tokens: number;
  /** Tokens of each row that are trained; the peer trains all of them. */
  readonly trained: number;
  readonly keys: Readonly<Record<string, unknown>>;
  /** The peer's settings of the same work, if it can do it. */
  readonly peer?: Readonly<Record<string, string>>;
}

interface Side {
  readonly milliseconds: number;
  readonly peakBytes: number;
}

const SHORT = { batch: 4, tokens: 256, trained: 255 } as const;
const CHECKPOINTING = { gradient_checkpointing: true } as const;
/** A base in the blocks of its file, which must be a quantized GGUF file. */
const KEPT = { method: "qlora", bnb_4bit_quant_type: "gguf" } as const;

const WORKS: readonly Work[] = [
  { name: "LoRA, 4×256", ...SHORT, keys: { method: "lora" }, peer: {} },
  { name: "LoRA, 4×256, checkpointing", ...SHORT, keys: { method: "lora", ...CHECKPOINTING }, peer: { CKPT: "1" } },
  { name: "QLoRA, 4×256, checkpointing", ...SHORT, keys: { method: "qlora", ...CHECKPOINTING }, peer: { CKPT: "1" } },
  {
    name: "QLoRA, the file's blocks, 4×256, checkpointing",
    ...SHORT,
    keys: { ...KEPT, ...CHECKPOINTING },
    peer: { CKPT: "1" },
  },
  { name: "QLoRA, 4×256", ...SHORT, keys: { method: "qlora" } },
  { name: "LoRA, 4×256, base in float16", ...SHORT, keys: { method: "lora", dtype: "float16" } },
  { name: "full, 4×256, checkpointing", ...SHORT, keys: { method: "full", ...CHECKPOINTING } },
  { name: "LoRA, 8×512, completions", batch: 8, tokens: 512, trained: 16, keys: { method: "lora" }, peer: {} },
];

/** A row of exactly `tokens` tokens, the end of the text included, of which the last `trained` are trained. */
function row({ tokens, trained }: Work): string {
  const words = (count: number): string => " the".repeat(count);
  if (trained === tokens - 1) return JSON.stringify({ text: words(tokens - 1) });
  return JSON.stringify({ prompt: words(tokens - trained), completion: words(trained - 1) });
}

function ours(work: Work): Side {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-bench-"));
  try {
    const [recipe, data] = [join(folder, "recipe.yaml"), join(folder, "train.jsonl")];
    writeFileSync(data, `${new Array<string>(work.batch).fill(row(work)).join("\n")}\n`);
    writeFileSync(recipe, `model_name_or_path: ${JSON.stringify(model)}\ndataset_name: ${JSON.stringify(data)}\n`);
    const keys = {
      ...{ task_type: "CAUSAL_LM", max_length: work.tokens, per_device_train_batch_size: work.batch, max_steps: steps },
      ...{ lora_dropout: 0, learning_rate: 1e-4, eval_strategy: "no", save_strategy: "no", output_dir: folder },
      ...work.keys,
    };
    lowrank(["train", recipe, ...Object.entries(keys).map(([key, value]) => `--${key}=${value}`), "--quiet"]);
    const events = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
    const seen = events.filter(({ event }) => event === "step");
    const wanted = seen.length * work.batch * work.tokens;
    if (seen.at(-1).num_tokens !== wanted) throw new Error(`${seen.at(-1).num_tokens} tokens instead of ${wanted}`);
    const ends = seen.map(({ num_tokens, tokens_per_second }) => (1000 * num_tokens) / tokens_per_second);
    const times = ends.slice(2).map((end, i) => end - (ends[i + 1] as number));
    const results = JSON.parse(readFileSync(join(folder, "train_results.json"), "utf8"));
    return { milliseconds: median(times), peakBytes: results.peak_rss_bytes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function peers({ batch, tokens, peer }: Work): Side | undefined {
  if (!peer || values.alone || !existsSync(python) || !existsSync(script)) return undefined;
  const shape = { LAYERS: "30", V: "49152", B: String(batch), S: String(tokens), N: String(steps) };
  const { status, stdout, stderr } = spawnSync(python, [script], {
    env: { ...env, OMP_NUM_THREADS: "2", PYTHONWARNINGS: "ignore", ...shape, ...peer },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}:\n${stderr}`);
  const [, milliseconds, megabytes] = /step ms (\d+).*maxRSS MB (\d+)/.exec(stdout) ?? [];
  return { milliseconds: Number(milliseconds), peakBytes: Number(megabytes) * 2 ** 20 };
}

const isFile = model.endsWith(".gguf");
const asked = WORKS.filter(({ name }) => values.only === undefined || name.includes(values.only));
const works = asked.filter(({ keys }) => isFile || keys.bnb_4bit_quant_type !== KEPT.bnb_4bit_quant_type);
const rows = works.map((work) => {
  const [mine, theirs] = [ours(work), peers(work)];
  return [
    work.name,
    figure(mine.milliseconds),
    figure(theirs?.milliseconds),
    ratio(mine.milliseconds, theirs?.milliseconds),
    figure(mine.peakBytes / 1e6),
    figure(theirs && theirs.peakBytes / 1e6),
    ratio(mine.peakBytes, theirs?.peakBytes),
  ];
});
if (!values.alone && (!existsSync(python) || !existsSync(script)))
  console.log("PyTorch + PEFT is not here: no ratios.");
printTable([["", "lowrank ms", "PEFT ms", "ratio", "lowrank MB", "PEFT MB", "ratio"], ...rows]);
