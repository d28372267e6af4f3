import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Seed } from "../format.ts";

/** Path of a stored fixture. */
export const fixture = (path: string): string => join(import.meta.dirname, "../../../parity/fixtures", path);

/** What is longer than this is no file of a model but what it should compute. */
const isUseful = (path: string): boolean => statSync(path).isFile() && !/expected|variants/.test(path);

/** The files of a folder, by name. */
export function filesOf(folder: string, names = /./): Record<string, Uint8Array> {
  const chosen = readdirSync(folder).filter((name) => names.test(name) && isUseful(join(folder, name)));
  return Object.fromEntries(chosen.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

/** A seed of a stored folder. */
export const folderSeed = (path: string, mutated: readonly string[], names = /./): Seed => ({
  name: path,
  files: filesOf(fixture(path), names),
  mutated,
});

/** Tiny models of every architecture, encoders and decoders, with classification and language modelling heads. */
export const MODELS = [
  ...["bert", "bert-bare", "bert-tokens", "distilbert", "electra", "modernbert", "modernbert-mean", "roberta", "xlm-roberta"],
  ...["gpt2", "llama", "masked/bert", "masked/distilbert", "masked/electra", "masked/modernbert", "masked/roberta"],
  ...["gemma2", "gemma3_text", "gpt2", "gpt_neox", "llama", "mistral", "olmo2", "phi3", "qwen2", "qwen3", "smollm3"].map(
    (name) => `causal/${name}`,
  ),
]; // biome-ignore format: two tables
