/**
 * Stores a pretrained encoder as the embedded model: `tsx foundation/store.ts --trained FOLDER --output FOLDER`. The weights
 * are rounded to half precision; tokenizer and configuration are copied, and the loss curve lies beside them.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readFloat32 } from "../src/checkpoint/float32.ts";
import { readSafetensors, writeSafetensors } from "../src/checkpoint/safetensors.ts";
import { float32ToFloat16 } from "../src/quant/half.ts";

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

/** The loss curve: a row a logged step, and the loss on held-out contracts after each epoch. */
const events: Record<string, number | string | undefined>[] = readFileSync(join(trained, "metrics.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const rows = events
  .filter(({ event }) => event === "step" || event === "eval")
  .map(({ step, num_tokens, loss, eval_loss }) => [step, num_tokens, loss, eval_loss].map(shown));
writeFileSync(
  join(output, "..", "loss.csv"),
  `${[["step", "tokens", "loss", "held_out_loss"], ...rows].map((row) => row.join(",")).join("\n")}\n`,
);

function shown(value: number | string | undefined): string {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value ?? "");
}
