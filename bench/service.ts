/**
 * A model that stays open, beside transformers.js: `npm run bench:service -- [--model FOLDER] [--calls 100000] [--rounds 5]`.
 * LOWRANK_TRANSFORMERS_JS names a folder with `@huggingface/transformers` in its node_modules. Both sides classify the embedded
 * provisions with the same weights, which are exported to ONNX for transformers.js, each side in a process of its own, in turns.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { embeddedRows } from "../src/provisions/provisions.ts";
import { figure, lowrank, median, printTable } from "./sides.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { model: text, calls: text, rounds: text, side: text, folder: text, library: text },
});
const library = values.library ?? process.env.LOWRANK_TRANSFORMERS_JS ?? "";
const SHORT = "The licensor accepts no liability for lost profits.";
const TEXTS = 1000;
/** Batch that transformers.js is given: it takes all texts of a call at once. */
const BATCH = 16;
const CALLERS = 50;

/** What a side measured. */
interface Measured {
  readonly p50Ms: number;
  readonly cpuSeconds: number;
  /** Longest wait among callers at once, over the mean of all. */
  readonly slowest?: number;
  readonly firstRssBytes?: number;
  readonly lastRssBytes?: number;
}

/** A model that labels one text or several. */
type Label = (texts: string | string[]) => Promise<unknown>;

async function provisions(): Promise<string[]> {
  const rows = (await Promise.all((["train", "dev", "test"] as const).map((split) => embeddedRows(split)))).flat();
  return rows.slice(0, TEXTS).map(({ values: { text } }) => String(text));
}

async function openOurs(adapter: string): Promise<Label> {
  const { Classifier } = await import("../dist/index.js" as string);
  const classifier = await Classifier.open({ adapter });
  return (texts) => classifier.predict(texts);
}

async function openTheirs(folder: string): Promise<Label> {
  const { env, pipeline } = createRequire(`${library}/`)("@huggingface/transformers");
  Object.assign(env, { allowRemoteModels: false, localModelPath: `${folder}/models/` });
  const classifier = await pipeline("text-classification", "onnx", { dtype: "fp32" });
  return async (texts) => {
    if (typeof texts === "string") return classifier(texts, { top_k: null });
    for (let at = 0; at < texts.length; at += BATCH) await classifier(texts.slice(at, at + BATCH), { top_k: null });
  };
}

async function measure(label: Label, texts: string[]): Promise<Measured> {
  for (let i = 0; i < 50; i++) await label(SHORT);
  const waits: number[] = [];
  for (let i = 0; i < 400; i++) {
    const started = performance.now();
    await label(SHORT);
    waits.push(performance.now() - started);
  }
  const before = process.cpuUsage();
  await label(texts);
  const { user, system } = process.cpuUsage(before);
  return { p50Ms: median(waits), cpuSeconds: (user + system) / 1e6 };
}

/** Waits of callers at once, each of whom asks again as soon as it is answered, and memory over many calls. */
async function crowd(label: Label, texts: string[], calls: number): Promise<Partial<Measured>> {
  const shorts = texts.map((text) => text.slice(0, 60)).filter((text) => text.trim() !== "");
  const waits: number[] = Array(CALLERS).fill(0);
  let [done, first] = [0, 0];
  await Promise.all(
    waits.map(async (_, caller) => {
      while (done < calls) {
        done += 1;
        const started = performance.now();
        await label(shorts[(done * 7 + caller) % shorts.length] as string);
        waits[caller] = Math.max(waits[caller] as number, performance.now() - started);
        if (done >= calls / 5 && first === 0) first = process.memoryUsage.rss();
      }
    }),
  );
  const slowest = Math.max(...waits) / (waits.reduce((sum, wait) => sum + wait, 0) / CALLERS);
  return { slowest, firstRssBytes: first, lastRssBytes: process.memoryUsage.rss() };
}

type Side = "whole" | "adapter" | "theirs";

/** One side in a fresh process. */
function side(name: Side, folder: string, calls = "0"): Measured {
  const flags = [`--side=${name}`, `--folder=${folder}`, `--library=${library}`, `--calls=${calls}`];
  const args = ["--import", "tsx", import.meta.filename, ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

async function compare(): Promise<void> {
  const model = values.model ?? join(process.env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models"), "minilm");
  const folder = mkdtempSync(join(tmpdir(), "lowrank-service-"));
  try {
    mkdirSync(join(folder, "data"));
    const rows = (await embeddedRows("train")).slice(0, 64);
    const lines = rows.map(({ values: { text, label } }) => `${JSON.stringify({ text, label })}\n`);
    writeFileSync(join(folder, "data/train.jsonl"), lines.join(""));
    const keys = { model_name_or_path: model, dataset_name: join(folder, "data"), method: "lora", max_steps: 2 };
    const recipe = join(folder, "recipe.yaml");
    writeFileSync(recipe, Object.entries({ ...keys, output_dir: join(folder, "lora") }).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join("")); // biome-ignore format: one file
    lowrank(["train", recipe, "--quiet"]);
    const exported = (format: string, out: string): string =>
      lowrank([
        "export",
        `--adapter_name_or_path=${folder}/lora`,
        `--format=${format}`,
        `--out=${folder}/models/${out}`,
      ]);
    exported("safetensors", "whole");
    if (library) exported("onnx", "onnx");
    const rounds = Array.from({ length: Number(values.rounds ?? 5) }, () => [
      side("whole", folder),
      side("adapter", folder),
      ...(library ? [side("theirs", folder)] : []),
    ]);
    const of = (at: number, key: "p50Ms" | "cpuSeconds"): number =>
      median(rounds.flatMap((round) => round[at]?.[key] ?? []));
    const ratio = (key: "p50Ms" | "cpuSeconds"): string =>
      library ? `${figure(of(0, key) / of(2, key), 2)}, ${figure(of(1, key) / of(2, key), 2)}` : "";
    const theirs = (key: "p50Ms" | "cpuSeconds"): string => (library ? figure(of(2, key), 2) : "not there");
    const row = (key: "p50Ms" | "cpuSeconds"): string[] =>
      [figure(of(0, key), 2), figure(of(1, key), 2), theirs(key), ratio(key)]; // biome-ignore format: one row
    printTable([
      ["", "lowrank", "with the adapter apart", "transformers.js", "ratios"],
      ["one short text, p50, ms", ...row("p50Ms")],
      [`${TEXTS} texts, CPU, s`, ...row("cpuSeconds")],
    ]);
    const { slowest, firstRssBytes = 0, lastRssBytes = 0 } = side("whole", folder, values.calls ?? "100000");
    console.log(
      `${CALLERS} callers at once: the longest wait of the slowest is ${figure(slowest, 2)} times the mean of theirs.`,
    );
    console.log(`Memory after a fifth of ${values.calls ?? 100_000} calls: ${figure(firstRssBytes / 1e6, 0)} MB, after all: ${figure(lastRssBytes / 1e6, 0)} MB.`); // biome-ignore format: one line
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (values.side) {
  const folder = values.folder ?? "";
  const label = await (values.side === "theirs"
    ? openTheirs(folder)
    : openOurs(join(folder, values.side === "whole" ? "models/whole" : "lora")));
  const texts = await provisions();
  const calls = Number(values.calls);
  console.log(JSON.stringify(calls > 0 ? await crowd(label, texts, calls) : await measure(label, texts)));
  process.exit(0);
} else {
  await compare();
}
