import { ArchitectureError } from "../../../errors.ts";
import type { JsonObject } from "../../json/json.ts";
import { GgufKeys } from "../keys.ts";
import type { GgufValue } from "../values.ts";
import type { GgufEntry } from "../writer.ts";
import type { GgufModel } from "./places.ts";
import { ropeOf } from "./rope-of.ts";

/** Keys that the reader fills in differently, or that do not change the function. */
const OTHERWISE = ["model_type", "tie_word_embeddings", "max_position_embeddings"];
const ROTARY = [
  ...["rope_theta", "rope_scaling", "rope_local_base_freq", "partial_rotary_factor", "rotary_pct", "rotary_emb_base"],
];

/**
 * Checks that llama.cpp will compute what transformers does: reads the metadata back as a config, and compares.
 * @param tensors Names of the file's tensors, with the factors of rotary frequencies that it holds.
 * @throws {ArchitectureError} naming each setting that GGUF cannot say, with what it would become.
 */
export function checkGgufSays(
  config: JsonObject,
  { name, architecture, granted }: GgufModel,
  metadata: readonly (readonly [string, GgufEntry])[],
  tensors: ReadonlyMap<string, Float32Array | undefined>,
): void {
  const keys = new GgufKeys(new Map(metadata.map(([key, value]) => [key, plain(value)])), name, "the metadata");
  const factors = new Map(
    [...tensors].flatMap(([tensor, x]) => (x && tensor !== "rope_freqs.weight" ? [[tensor, x]] : [])),
  );
  const vocabSize = Number(config.vocab_size);
  const read = architecture.config(keys, { vocabSize, factors, has: (tensor) => tensors.has(tensor) });
  const restored = { ...read, ...granted };
  const lost = Object.entries(restored)
    .filter(([key]) => !OTHERWISE.includes(key) && !ROTARY.includes(key))
    .filter(([key, value]) => config[key] != null && !same(config[key], value))
    .map(([key, value]) => `  ${key}: ${JSON.stringify(config[key])} would become ${JSON.stringify(value)}`);
  lost.push(...rotaryLost(config, read));
  if (lost.length === 0) return;
  throw new ArchitectureError(
    `a GGUF file of the architecture ${name} cannot express this config.json:\n${lost.join("\n")}`,
    {
      hint: "llama.cpp does not have this variant of the architecture.",
    },
  );
}

function rotaryLost(config: JsonObject, read: JsonObject): string[] {
  const [wanted, found] = [ropeOf(config), ropeOf(read)];
  const baked = wanted.scaling?.rope_type === "llama3"; // the file has the factors themselves
  const pairs: (readonly [key: string, asked: unknown, restored: unknown])[] = [
    ["rope_theta", wanted.theta, found.theta],
    ["rope_local_base_freq", wanted.localTheta, found.localTheta],
    ["partial_rotary_factor", wanted.partial, found.partial],
    [
      "rope_scaling",
      wanted.scaling?.rope_type ?? "default",
      baked ? "llama3" : (found.scaling?.rope_type ?? "default"),
    ],
  ];
  for (const [key, asked] of Object.entries(baked ? {} : (wanted.scaling ?? {}))) {
    pairs.push([`rope_scaling.${key}`, asked ?? undefined, found.scaling?.[key]]);
  }
  return pairs
    .filter(([, asked, restored]) => asked !== undefined && !same(asked, restored))
    .map(
      ([key, asked, restored]) => `  ${key}: ${JSON.stringify(asked)} would become ${JSON.stringify(restored ?? null)}`,
    );
}

/** A value as the reader gives it. */
function plain(value: GgufEntry): GgufValue {
  if (typeof value !== "object") return value;
  if ("uint32" in value) return value.uint32;
  return "float32" in value ? Math.fround(value.float32) : value;
}

/** Equal but for what float32 rounds off, and for the names of one activation. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= 1e-6 * Math.abs(a);
  if (typeof a === "string" && typeof b === "string") return a === b || (a.startsWith("gelu") && b.startsWith("gelu"));
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same((a as JsonObject)[key], (b as JsonObject)[key]));
}
