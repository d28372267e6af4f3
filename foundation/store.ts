/**
 * Stores a pretrained encoder as the embedded model: `tsx foundation/store.ts --trained FOLDER --output FOLDER`. The weights
 * are rounded to half precision; tokenizer and configuration are copied, a manifest lists them, by which a page downloads them, and
 * the loss curve lies beside them.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readFloat32 } from "../src/formats/safetensors/float32.ts";
import { readSafetensors, writeSafetensors } from "../src/formats/safetensors/safetensors.ts";
import { float32ToFloat16 } from "../src/quant/half.ts";
import { writeManifest } from "../src/training/checkpoints/manifest.ts";
import { lossCurve } from "./curve.ts";

const { values } = parseArgs({ options: { trained: { type: "string" }, output: { type: "string" } } });
const { trained, output } = values;
if (!trained || !output) throw new Error("usage: store.ts --trained FOLDER --output FOLDER");

mkdirSync(output, { recursive: true });
const { tensors } = await readSafetensors(join(trained, "model.safetensors"));
const halved = [...tensors].map(
  async ([name, entry]) =>
    [name, { dtype: "F16", shape: entry.shape, data: float32ToFloat16(await readFloat32(entry)) }] as const,
);
await writeSafetensors(join(output, "model.safetensors"), await Promise.all(halved), { format: "pt" });
for (const name of ["tokenizer.json", "tokenizer_config.json"]) copyFileSync(join(trained, name), join(output, name));
const config = JSON.parse(readFileSync(join(trained, "config.json"), "utf8"));
writeFileSync(join(output, "config.json"), `${JSON.stringify({ ...config, torch_dtype: "float16" }, null, 2)}\n`);
await writeManifest(output, JSON.parse(readFileSync(join(trained, "trainer_state.json"), "utf8")).global_step);

/** The loss curve: a row a logged step, and the loss on held-out contracts at each evaluation. */
interface Logged {
  readonly event: string;
  readonly step: number;
  readonly num_tokens?: number;
  readonly loss?: number;
  readonly eval_loss?: number;
}
const events: Logged[] = readFileSync(join(trained, "metrics.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const [steps, evaluations] = ["step", "eval"].map((kind) => events.filter(({ event }) => event === kind)) as [Logged[], Logged[]]; // biome-ignore format: a line
const shown = (loss: number | undefined): string => loss?.toFixed(4) ?? "";
const curve = [...new Map(evaluations.map((event) => [event.step, event])).values()]; // the last epoch's comes twice
const rows = [...steps, ...curve]
  .toSorted((a, b) => a.step - b.step)
  .map(({ step, num_tokens, loss, eval_loss }) => [step, num_tokens ?? "", shown(loss), shown(eval_loss)]);
const beside = (name: string): string => join(output, "..", name);
writeFileSync(beside("loss.csv"), [["step", "tokens", "loss", "held_out_loss"], ...rows, []].join("\n"));
const points = (of: readonly Logged[], key: "loss" | "eval_loss") => of.map((e) => ({ step: e.step, loss: e[key] ?? Number.NaN })); // biome-ignore format: a line
writeFileSync(beside("loss.svg"), `${lossCurve(points(steps, "loss"), points(curve, "eval_loss"))}\n`);
