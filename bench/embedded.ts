/**
 * What the settings of a run do, on the embedded model and data: `npm run bench:embedded -- [--table foundation,rank,…]
 * [--only WORDS] [--seeds 0,1,2]`. A row is the demonstration's recipe with a few keys changed, trained in a fresh process for each seed:
 * F1 on the test split as mean ± standard deviation over seeds, the largest peak memory, the mean time.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { figure, lowrank, printTable } from "./sides.ts";

type Keys = Readonly<Record<string, unknown>>;

const LORA = { method: "lora" } as const;
const QLORA = { method: "qlora" } as const; // the recipe takes eight bits
/** Weights that start at random need more passes over the data than the recipe's. */
const FROM_RANDOM = { method: "full", from_scratch: true, num_train_epochs: 6, learning_rate: 1e-3 } as const;

const TABLES: Readonly<Record<string, Readonly<Record<string, Keys>>>> = {
  foundation: {
    "LoRA on the pretrained encoder": LORA,
    "QLoRA, 8 bits": QLORA,
    "QLoRA, NF4": { ...QLORA, load_in_8bit: false },
    "every weight of the pretrained encoder": { method: "full" },
    "the head alone, on its frozen features": { method: "head" },
    "every weight, from random ones, 6 epochs": FROM_RANDOM,
    "LoRA on random weights": { ...LORA, from_scratch: true },
  },
  rank: Object.fromEntries(
    [1, 4, 16].map((r) => [`r ${r}, alpha ${2 * r}`, { ...LORA, lora_r: r, lora_alpha: 2 * r }]),
  ),
  targets: {
    "Wqkv; r 12, alpha 24": { ...LORA, lora_target_modules: '["Wqkv"]', lora_r: 12, lora_alpha: 24 },
    "all-linear; r 4, alpha 8": LORA,
  },
  rates: {
    "one rate for all": { ...LORA, loraplus_lr_ratio: 1, head_learning_rate: 2e-3 },
    "B 8 times as fast": { ...LORA, head_learning_rate: 2e-3 },
    "the head 2.5 times as fast": { ...LORA, loraplus_lr_ratio: 1 },
    both: LORA,
    "full fine-tuning at 5e-4": { method: "full" },
    "full fine-tuning at LoRA's 2e-3": { method: "full", learning_rate: 2e-3, head_learning_rate: 2e-3 },
  },
  quantization: {
    float32: LORA,
    "8 bits": QLORA,
    "4 bits, NF4": { ...QLORA, load_in_8bit: false },
  },
  layers: {
    "the top layer": { ...LORA, ...onlyLayers([3]) },
    "the two top layers": { ...LORA, ...onlyLayers([2, 3]) },
    "the two lowest layers": { ...LORA, ...onlyLayers([0, 1]) },
    "all four layers": { ...LORA, ...onlyLayers([0, 1, 2, 3]) },
  },
  unfreezing: {
    "gradual: a layer a stage from the top": { method: "full", unfreeze_schedule: "gradual" },
    "everything at once": { method: "full" },
  },
};

/** LoRA on the linear layers of some encoder layers only. */
function onlyLayers(layers: readonly number[]): Keys {
  return { lora_target_modules: "Wqkv,Wo,Wi", layers_to_transform: `[${layers}]` };
}

interface Measured {
  readonly trainablePercent: number;
  readonly peakRssBytes: number;
  readonly seconds: number;
  readonly micro: number;
  readonly macro: number;
}

function train(keys: Keys, seed: string): Measured {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-embedded-"));
  try {
    const flags = Object.entries({ ...keys, seed, output_dir: folder }).map(([key, value]) => `--${key}=${value}`);
    lowrank(["train", join(import.meta.dirname, "../recipes/demo.yaml"), ...flags, "--quiet"]);
    const read = (name: string): Record<string, number> => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const [run, scores] = [read("train_results.json"), read("eval_results.json")] as [Record<string, number>, Record<string, number>]; // biome-ignore format: a line
    return {
      trainablePercent: run.trainable_percent as number,
      peakRssBytes: run.peak_rss_bytes as number,
      seconds: run.train_seconds as number,
      micro: scores.eval_micro_f1 as number,
      macro: scores.eval_macro_f1 as number,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { table: text, only: text, seeds: text } });
const seeds = (values.seeds ?? "0,1,2").split(",");
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: readonly number[]): string => {
  const deviation = Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
  return `${mean(values).toFixed(3)} ± ${deviation.toFixed(3)}`;
};

for (const table of (values.table ?? Object.keys(TABLES).join()).split(",")) {
  const variants = TABLES[table];
  if (!variants) throw new Error(`--table ${table}: there are ${Object.keys(TABLES).join(", ")}`);
  const wanted = Object.entries(variants).filter(([name]) => name.includes(values.only ?? ""));
  const rows = wanted.map(([name, keys]) => {
    const runs = seeds.map((seed) => train(keys, seed));
    const of = (pick: (run: Measured) => number): readonly number[] => runs.map(pick);
    return [
      name,
      mean(of(({ trainablePercent }) => trainablePercent)).toPrecision(3),
      spread(of(({ micro }) => micro)),
      spread(of(({ macro }) => macro)),
      figure(Math.max(...of(({ peakRssBytes }) => peakRssBytes)) / 1e6),
      figure(mean(of(({ seconds }) => seconds))),
    ];
  });
  console.log(`\n${table}, seeds ${seeds.join(", ")}`);
  printTable([["", "trainable (%)", "micro-F1", "macro-F1", "peak memory (MB)", "time (s)"], ...rows]);
}
