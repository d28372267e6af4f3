import type { Command } from "commander";
import { RecipeError } from "../../errors.ts";
import { causalLm } from "../../task-types/index.ts";
import type { GenerateOptions } from "../library/index.ts";
import type { Context } from "./command.ts";
import { addRecipeFlags } from "./options.ts";
import type { Output } from "./output.ts";
import { SOURCE_KEYS, type Source, sourceOf } from "./source.ts";

/** A number that generation is given as a flag; names are transformers'. */
interface NumberFlag {
  readonly about: string;
  readonly key: keyof GenerateOptions;
  readonly expected: string;
  readonly fits: (value: number) => boolean;
}

const natural = { expected: "an integer of 1 or more", fits: (n: number) => Number.isInteger(n) && n >= 1 };

const NUMBERS: Readonly<Record<string, NumberFlag>> = {
  max_new_tokens: { about: "maximum number of new tokens [256]", key: "maxNewTokens", ...natural },
  temperature: {
    about: "sampling temperature; 0 always takes the likeliest token [0]",
    key: "temperature",
    expected: "0 or more",
    fits: (n) => n >= 0,
  },
  top_k: { about: "sample from this many of the likeliest tokens", key: "topK", ...natural },
  top_p: {
    about: "sample from the likeliest tokens with this total probability [1]",
    key: "topP",
    expected: "above 0, at most 1",
    fits: (n) => n > 0 && n <= 1,
  },
  repetition_penalty: {
    about: "above 1, makes tokens that already occur less likely [1]",
    key: "repetitionPenalty",
    expected: "above 0",
    fits: (n) => n > 0,
  },
  seed: { about: "seed of the sampling [0]", key: "seed", expected: "an integer", fits: Number.isInteger },
};

/** Adds the flags of text generation. */
export function addGenerationFlags(command: Command): void {
  addRecipeFlags(command, SOURCE_KEYS);
  for (const [name, { about }] of Object.entries(NUMBERS)) command.option(`--${name} <number>`, about);
  command.option("--stop <text>", "stop before this text; may be repeated", (text: string, all: string[]) => [
    ...(all ?? []),
    text,
  ], []); // biome-ignore format: one option
}

/** The model and adapter that the flags name. @throws {RecipeError} when they name neither. */
export function generatorSource(context: Context, command: string): Source {
  const source = sourceOf(context);
  if (source.model === undefined && source.adapter === undefined) {
    throw new RecipeError(`${command} needs a causal model.`, {
      expected: "--model_name_or_path MODEL, --adapter_name_or_path DIR, or both",
      hint: `the output_dir of a training run with task_type ${causalLm.name} is such a folder.`,
    });
  }
  return source;
}

/** Prints a warning of the model. */
export const warner =
  ({ alert, styleNote }: Output) =>
  (message: string): void =>
    alert(styleNote("yellow", `warning: ${message}`));

/** The settings that the flags give. @throws {RecipeError} for a number that is none, or out of range. */
export function generateOptions({ options, overrides }: Context): GenerateOptions {
  const given = Object.entries(NUMBERS).flatMap(([name, { key, expected, fits }]) => {
    const text = options[name] ?? overrides[name];
    if (text === undefined) return [];
    const value = Number(text);
    if (String(text).trim() !== "" && fits(value)) return [[key, value] as const];
    throw new RecipeError(`--${name} ${text} is out of range.`, { where: `--${name}`, expected });
  });
  return { ...Object.fromEntries(given), stop: options.stop as string[] };
}
