/**
 * How fast a LoRA step is, beside PyTorch with PEFT, in the same run: `npm run bench:speed -- [--steps 60] [--model DIR]
 * [--data DIR]`. Real tokens a second, seconds from process start to the first step's end, peak resident memory.
 */
import { figure, type Measured, printTable, ratio, settings, trainOurs, trainPeft } from "./sides.ts";

const chosen = settings({ steps: 60 });
const rows = [false, true].flatMap((group) => {
  const job = { method: "lora", group };
  const [ours, theirs] = [trainOurs(chosen, job), trainPeft(chosen, job)];
  const order = group ? "grouped by length" : "random order";
  const line = (side: string, measured: Measured | undefined) => [
    side,
    figure(measured?.tokensPerSecond),
    figure(measured?.firstStepSeconds, 1),
    figure(measured && measured.peakRssBytes / 1e6),
  ];
  return [
    line(`lowrank, ${order}`, ours),
    line(`PyTorch + PEFT, ${order}`, theirs),
    [
      `lowrank ÷ PEFT, ${order}`,
      ratio(ours.tokensPerSecond, theirs?.tokensPerSecond),
      ratio(ours.firstStepSeconds, theirs?.firstStepSeconds),
      ratio(ours.peakRssBytes, theirs?.peakRssBytes),
    ],
  ];
});
printTable([["LoRA, 16 × ≤ 256 tokens, fp32", "real tokens/s", "first step (s)", "peak RSS (MB)"], ...rows]);
