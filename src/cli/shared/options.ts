import { type Command, Option } from "commander";
import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import { type Flag, flags } from "../../recipe/flags.ts";
import { aliasOf, HINTS } from "../../recipe/other-names.ts";
import { RECIPE_GROUPS, type Recipe } from "../../recipe/schema.ts";

/** Adds every recipe key as a flag, in the recipe's groups; of `only`, just these. */
export function addRecipeFlags(command: Command, only?: readonly (keyof Recipe)[]): Command {
  for (const flag of flags()) {
    if (!only || only.includes(flag.name as keyof Recipe)) command.addOption(optionOf(flag));
  }
  return command;
}

function optionOf(flag: Flag): Option {
  const value = flag.type === "boolean" ? "[true|false]" : `<${flag.type}>`;
  const preset = flag.default === undefined ? "" : ` [${String(flag.default)}]`;
  const group = Object.entries(RECIPE_GROUPS).find(([, keys]) => keys.some((key) => key === flag.name))?.[0];
  const option = new Option(`--${flag.name} ${value}`, flag.description + preset).helpGroup(`Recipe, ${group}:`);
  // For help and completion only: a wrong value is reported by the recipe, with all that is wrong besides.
  if (flag.choices && flag.type !== "boolean") option.argChoices = [...flag.choices];
  return option;
}

/** The options that are recipe keys, as overrides for the recipe. */
export function overridesIn(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = new Set(flags().map(({ name }) => name));
  return Object.fromEntries(Object.entries(options).filter(([key]) => known.has(key)));
}

/**
 * Spells flags as the command knows them, so that `--learning-rate`, `--learning_rate` and another library's `--lr` are one,
 * and gives a bare `--packing` its value. What follows `--` stays as it is.
 * @throws {RecipeError} for a flag with two different values, unless it collects them.
 */
export function foldFlags(argv: readonly string[], options: readonly Option[]): string[] {
  const known = new Map(options.map((option) => [fold(option.long ?? ""), option]));
  const folded: string[] = [];
  const values = new Map<Option, string>();
  const once = (option: Option, value: string): string => {
    const earlier = values.get(option);
    if (!option.parseArg && !option.variadic && earlier !== undefined && earlier !== value) {
      throw new RecipeError(`${option.long} is given twice: ${earlier} and ${value}`, {
        expected: "one of them",
        ...(option.long === "--adapter_name_or_path" && {
          hint: `an adapter on top of another needs the first one merged: ${PROGRAM} merge.`,
        }),
      });
    }
    values.set(option, value);
    return value;
  };
  const optionNamed = (name: string, value: string | undefined): Option | undefined => {
    const found = known.get(name) ?? known.get(`--${aliasOf(name.slice(2), value)}`);
    if (found || !Object.hasOwn(HINTS, name.slice(2)) || !known.has("--learning_rate")) return found;
    throw new RecipeError(`unknown option ${name}`, { hint: `${HINTS[name.slice(2)]}.` });
  };
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === "--") return [...folded, ...argv.slice(i)];
    const [name = "", ...rest] = arg.split("=");
    const option = name.startsWith("--") ? optionNamed(fold(name), rest[0] ?? argv[i + 1]) : undefined;
    if (!option?.long) folded.push(arg);
    else if (rest.length > 0) folded.push(`${option.long}=${once(option, rest.join("="))}`);
    else if (option.optional) {
      const hasValue = /^(true|false)$/.test(argv[i + 1] ?? "");
      folded.push(`${option.long}=${once(option, hasValue ? argv[++i]! : "true")}`);
    } else {
      folded.push(option.long);
      if (option.required && i + 1 < argv.length) folded.push(once(option, argv[++i]!));
    }
  }
  return folded;
}

const fold = (name: string): string => name.replace(/(?<=\w)-/g, "_");
