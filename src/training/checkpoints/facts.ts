import { canonicalPath, sha256File, sha256Text } from "#platform";
import type { RunData } from "../../assemble/data.ts";
import { hashSplit, wholeSplit } from "../../assemble/dataset.ts";
import type { Checkpoint } from "../../formats/transformers/checkpoint.ts";
import type { RowsInMemory } from "../../prepared/job.ts";
import type { Prepared } from "../../prepared/prepared.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { changedKeys, RESUME_KEYS } from "../../recipe/resuming.ts";

/** The inputs that decide the numbers of a run. A checkpoint records it, and resuming compares it. */
export interface RunFacts {
  /** Recipe keys, but for those that say where things lie and what is written. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** SHA-256 of each split, by its use: `train`, `validation`, `test`. */
  readonly data: Readonly<Record<string, string>>;
  /** Class names by id. */
  readonly labels: readonly string[];
  /** SHA-256 over the base model's configuration and weight files. */
  readonly base: string;
}

/**
 * The facts of a run, computed when they are first asked for: the base's weights are read once more for their hash. The data
 * are hashed at once, since the run reads them now.
 * @throws {FileError} when one of them cannot be read.
 */
export async function runFacts(
  { source, labels, checkpoint }: Pick<Prepared, "source" | "labels" | "checkpoint">,
  { splits }: Pick<RunData, "splits">,
  rows?: RowsInMemory,
): Promise<() => Promise<RunFacts>> {
  const { recipe } = source;
  const data: Record<string, string> = {};
  for (const [use, name] of Object.entries(splits)) {
    data[use] = await hashSplit(recipe, await wholeSplit(recipe, name, rows), rows);
  }
  let facts: Promise<RunFacts> | undefined;
  return () => {
    facts ??= hashBase(checkpoint).then((base) => ({ recipe: recordedKeys(recipe), data, labels: labels.names, base }));
    return facts;
  };
}

/** The keys that a checkpoint records, sorted, as JSON has them. */
function recordedKeys(recipe: ResolvedRecipe): Record<string, unknown> {
  const free: readonly string[] = RESUME_KEYS.free;
  const entries = Object.entries(recipe).filter(([key]) => !free.includes(key));
  return JSON.parse(JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))));
}

async function hashBase({ tensors, config }: Checkpoint): Promise<string> {
  const paths = new Set([...tensors.values()].map(({ path }) => path));
  const hashes: string[] = [];
  for (const path of paths) hashes.push(await sha256File(await canonicalPath(path)));
  return sha256Text([JSON.stringify(config), ...hashes.sort()].join("\n"));
}

/** Differences between a run and the one that wrote a checkpoint. */
export interface Differences {
  /** With these it would be another run: no state of the one continues the other. */
  readonly refused: readonly string[];
  /** With these it goes on otherwise than it began. */
  readonly warned: readonly string[];
}

/** Compares a run with the one that wrote a checkpoint. */
export function differences(then: RunFacts, now: RunFacts): Differences {
  const keys = changedKeys(then.recipe, now.recipe);
  const changed = (use: string): boolean => then.data[use] !== now.data[use];
  const refused = keys.filter(({ allowed }) => !allowed).map(({ text }) => text);
  if (changed("train")) refused.push("the training data has changed");
  if (then.base !== now.base) refused.push("the base model's weights or config.json have changed");
  if (JSON.stringify(then.labels) !== JSON.stringify(now.labels)) {
    refused.push(`labels: ${listed(now.labels)} instead of ${listed(then.labels)}`);
  }
  const warned = keys.filter(({ allowed }) => allowed).map(({ text }) => text);
  for (const use of ["validation", "test"]) {
    if (changed(use)) warned.push(now.data[use] ? `the ${use} data has changed` : `the ${use} data is missing now`);
  }
  return { refused, warned: warned };
}

const SHOWN = 10;

const listed = (labels: readonly string[]): string =>
  `[${labels.slice(0, SHOWN).join(", ")}${labels.length > SHOWN ? `, … ${labels.length} in all` : ""}]`;
