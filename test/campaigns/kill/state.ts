import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Figures of the clock and of memory, which differ between two runs of one seed. */
const CLOCK = /^(tokens_per_second|rss_bytes|.*seconds|.*peak_rss_bytes|.*memory_bytes)$/;

const withoutClock = (json: string): string =>
  JSON.stringify(JSON.parse(json, (key, value: unknown) => (CLOCK.test(key) ? undefined : value)));

/** Names that are no run's result. */
const STRAY = /\.(incomplete|replaced|tmp)$|\.lowrank\.lock|\.json\.\d+$|\.jsonl\.\d+$/;

/** The content of a finished run's folder, by file: all that two runs of one seed share. */
export function stateOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const kept = files.filter((name) => !/manifest\.json$|README\.md$|recipe\.yaml$|train_results\.json$/.test(name));
  return new Map(
    kept.sort().map((name) => {
      const bytes = readFileSync(join(folder, name));
      if (!/\.jsonl?$/.test(name)) return [name, bytes.toString("base64")];
      const objects = name.endsWith("l") ? bytes.toString("utf8").trim().split("\n") : [bytes.toString("utf8")];
      return [name, objects.map(withoutClock).join("\n")];
    }),
  );
}

/** In what a folder differs from the one of a run that was never killed; `undefined` when in nothing. */
export function difference(folder: string, reference: ReadonlyMap<string, string>): string | undefined {
  const state = stateOf(folder);
  const stray = [...state.keys()].find((name) => name.split("/").some((part) => STRAY.test(part)));
  if (stray !== undefined) return `${stray} was left behind`;
  for (const name of new Set([...state.keys(), ...reference.keys()])) {
    if (!state.has(name)) return `${name} is missing`;
    if (!reference.has(name)) return `${name} is there, and was not without kills`;
    if (state.get(name) !== reference.get(name)) return `${name} has another content`;
  }
  return undefined;
}

/** Whether a folder holds any checkpoint under its final name. */
export const hasCheckpoint = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => /^checkpoint-\d+$/.test(name));
