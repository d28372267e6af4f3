/**
 * How fast a LoRA step is, beside PyTorch with PEFT, in the same run: `npm run bench:speed -- [--steps 60] [--model DIR]
 * [--data DIR]`. Real tokens a second, seconds from process start to the first step's end, peak resident memory.
 * Batches grouped by length are what lowrank does unless told otherwise; random ones are what transformers' Trainer does.
 */
import { figure, type Measured, printTable, ratio, settings, trainOurs, trainPeft } from "./sides.ts";

const chosen = settings({ steps: 60 });
const line = (name: string, side: Measured | undefined) => [
  name,
  figure(side?.tokensPerSecond),
  figure(side?.firstStepSeconds, 1),
  figure(side && side.peakRssBytes / 1e6),
];
const ratios = (name: string, ours: Measured, theirs: Measured | undefined) => [
  name,
  ratio(ours.tokensPerSecond, theirs?.tokensPerSecond),
  ratio(ours.firstStepSeconds, theirs?.firstStepSeconds),
  ratio(ours.peakRssBytes, theirs?.peakRssBytes),
];

const ours = trainOurs(chosen, { method: "lora", group: true });
const grouped = trainPeft(chosen, { method: "lora", group: true });
const random = trainPeft(chosen, { method: "lora", group: false });
printTable([
  ["LoRA, 16 × ≤ 256 tokens, fp32", "real tokens/s", "first step (s)", "peak RSS (MB)"],
  line("lowrank", ours),
  line("PyTorch + PEFT, grouped by length", grouped),
  line("PyTorch + PEFT, random batches", random),
  ratios("lowrank ÷ PEFT, both grouped", ours, grouped),
  ratios("lowrank ÷ PEFT, each by default", ours, random),
]);
