import { METHOD_RECIPES, METHODS } from "../../src/methods/keys/index.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import { SCHEME_BITS } from "../../src/quant/scheme-names.ts";
import { SCHEMES } from "../../src/quant/schemes/index.ts";
import type { Keys } from "../running.ts";
import { taskOf } from "./steps.ts";

/** A training step to be compared: its name, the family, and keys of its recipe. */
export type Case = readonly [name: string, architecture: Architecture, keys: Keys];

/** Every method on an unquantized base; QLoRA by every scheme that quantizes. */
const METHOD_KEYS: readonly (readonly [name: string, keys: Keys])[] = [
  ...METHODS.filter((method) => !METHOD_RECIPES[method].quantizesBase).map((method) => [method, { method }] as const),
  ...Object.values(SCHEMES).flatMap(({ name, codec }) => {
    if (codec.kind === "stored") return [];
    const keys = SCHEME_BITS[name] === 8 ? { load_in_8bit: true } : { bnb_4bit_quant_type: name };
    return [[`qlora ${name}`, { method: "qlora", ...keys }] as const];
  }),
];

/** Further settings that change what a step computes, each on an encoder and a decoder where they have them. */
const SETTINGS: readonly (readonly [name: string, keys: Keys])[] = [
  ["DoRA", { use_dora: true }],
  ["DoRA on nf4, nested", { method: "qlora", use_dora: true, use_bnb_nested_quant: true }],
  ["gradient checkpointing", { gradient_checkpointing: true }],
  ["full, gradient checkpointing", { method: "full", gradient_checkpointing: true }],
  ["bfloat16, label smoothing", { dtype: "bfloat16", label_smoothing_factor: 0.1 }],
  ["float16, noise", { dtype: "float16", neftune_noise_alpha: 5 }],
];

const PACKED: Keys = { packing: true, gradient_checkpointing: true };

const familyOf = (modelType: string): Architecture => ARCHITECTURES.find((one) => one.modelType === modelType)!;
const encoder = familyOf("bert");

/** A family of decoders. */
export const decoder = familyOf("llama");

const trainsHeadOnly = (name: string, architecture: Architecture): boolean => name === "head" && taskOf(architecture) !== "SEQ_CLS"; // biome-ignore format: a row

const caseOf = (architecture: Architecture, name: string, keys: Keys): Case => [`${architecture.modelType}, ${name}`, architecture, keys]; // biome-ignore format: a row

/** Every family under every method, with every task, and the further settings. */
export const ALL: readonly Case[] = [
  ...ARCHITECTURES.flatMap((architecture) => [
    ...METHOD_KEYS.filter(([name]) => !trainsHeadOnly(name, architecture)).map(([name, keys]) =>
      caseOf(architecture, name, keys),
    ),
    ...architecture.tasks
      .filter((task) => task !== taskOf(architecture))
      .map((task) => caseOf(architecture, task, { task_type: task })),
  ]),
  ...[encoder, decoder].flatMap((family) => SETTINGS.map(([name, keys]) => caseOf(family, name, keys))),
  caseOf(decoder, "packing", PACKED),
];

/** Cases beside one a family: tasks, packing, DoRA, halves. */
const CHOSEN = [
  "bert, TOKEN_CLS",
  "bert, MASKED_LM",
  "bert, FEATURE_EXTRACTION",
  "bert, DoRA on nf4, nested",
  "llama, float16, noise",
  "llama, bfloat16, label smoothing",
  "llama, packing",
];

/** Every family under one method, so that every method is there, and the chosen cases: what there is time for as a rule. */
export const COVERING: readonly Case[] = [
  ...ARCHITECTURES.map((architecture, i) => {
    const methods = ALL.filter(
      ([name, of]) => of === architecture && METHOD_KEYS.some(([method]) => name.endsWith(`, ${method}`)),
    );
    return methods[i % methods.length]!;
  }),
  ...CHOSEN.map((chosen) => ALL.find(([name]) => name === chosen)!),
];
