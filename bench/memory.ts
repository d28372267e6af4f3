/**
 * Peak resident memory of each method, beside PyTorch with PEFT and bitsandbytes, each run in a fresh process:
 * `npm run bench:memory -- [--steps 30] [--methods full,lora,qlora] [--model DIR] [--data DIR]`. Batches are grouped by
 * length on both sides. Ours runs the longest one early, PEFT where chance puts it: few steps understate PEFT's peak, 30
 * of them by less than 4 % of what it is with batches as long as they get. Other work on the machine does not disturb
 * these figures. Methods that PEFT's script lacks stand alone.
 */
import { figure, printTable, ratio, settings, trainOurs, trainPeft } from "./sides.ts";

const chosen = settings({ steps: 30, methods: "full,lora,qlora" });
const rows = chosen.methods.map((method) => {
  const job = { method, group: true };
  const [ours, theirs] = [trainOurs(chosen, job).peakRssBytes, trainPeft(chosen, job)?.peakRssBytes];
  return [method, figure(ours / 1e6), figure(theirs && theirs / 1e6), ratio(ours, theirs)];
});
printTable([["peak RSS (MB)", "lowrank", "PyTorch + PEFT", "lowrank ÷ PEFT"], ...rows]);
