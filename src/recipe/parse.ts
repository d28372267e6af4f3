import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { RecipeError } from "../errors.ts";
import { expectation, shown } from "./describe.ts";
import { schemaAt } from "./json-schema.ts";
import { hintAbout, underRecipeNames } from "./other-names.ts";
import { contradictions, settle, strayOverrides } from "./resolve.ts";
import { type Recipe, recipeSchema } from "./schema.ts";
import { isTooDeep, type Problem, readSource } from "./source.ts";
import { suggest } from "./suggest.ts";
import { rememberUserSetKeys } from "./user-set-keys.ts";

/** File name of a recipe's text, and the overrides. */
export interface ParseOptions {
  /** The name in messages: `recipe.yaml`. */
  readonly file?: string;
  /** Keys given as flags, which win over the file, `method_overrides` included. For keys that take no text it is YAML: `"1e-4"` is a number. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

type Path = readonly PropertyKey[];

/** Characters of a recipe; one that names every key takes 4,000. Larger ones would take seconds to refuse. */
const MAX_CHARACTERS = 2 ** 15;

/** Problems that one message lists; a text that is not YAML at all can have one in each character. */
const MAX_PROBLEMS = 50;

/**
 * Reads a recipe: YAML, one flat mapping, defaults filled in.
 *
 * @throws {RecipeError} naming every problem up to 50, a line each: `recipe.yaml:4 lora_r: expected an integer >= 1, got 0`.
 */
export function parseRecipe(yaml: string, { file = "recipe", overrides = {} }: ParseOptions = {}): Recipe {
  if (yaml.length > MAX_CHARACTERS) {
    throw new RecipeError(`the recipe has ${yaml.length} characters`, {
      where: file,
      expected: `at most ${MAX_CHARACTERS}`,
    });
  }
  const source = readSource(yaml);
  const named = underRecipeNames(overrides);
  let written: ReadonlyMap<PropertyKey, string> = new Map();
  const place = (path: Path, text: string): Problem => {
    const [key = ""] = path;
    if (Object.hasOwn(named.keys, key)) return { text: `--${text}` };
    const line = source.lineOf([written.get(key) ?? key, ...path.slice(1)]);
    return line === undefined ? { text: `${file} ${text}` } : { line, text };
  };
  const refuse = (problems: readonly Problem[]) => {
    if (problems.length > 0) throw new RecipeError(listed(problems, file));
  };

  if (source.value === undefined) refuse(source.problems);
  const mapping = source.value ?? {};
  if (typeof mapping !== "object" || Array.isArray(mapping)) {
    refuse([{ line: 1, text: `expected a mapping of keys to values, got ${shown(mapping)}` }]);
  }
  const { keys: given, written: names } = underRecipeNames(mapping as Record<string, unknown>);
  written = names;

  const flags = Object.entries(named.keys).map(([key, value]) => [
    key,
    typeof value === "string" ? coerce(key, value) : value,
  ]);
  const merged = { ...given, ...Object.fromEntries(flags) };
  const result = recipeSchema.safeParse(merged);
  const wrong = result.error?.issues.flatMap((issue) => explain(issue, merged)) ?? [];
  refuse([...source.problems, ...wrong.map(({ path, text }) => place(path, text))]);

  const recipe = yielding(result.data as Recipe, Object.keys(named.keys));
  const clashes = [...strayOverrides(recipe), ...contradictions(settle(recipe, recipe.method))];
  refuse(clashes.map(({ key, text }) => place(key.split("."), `${key}: ${text}`)));
  return rememberUserSetKeys(recipe, Object.keys(merged), Object.keys(named.keys));
}

/**
 * The value a flag's text stands for. A key that takes text has it as it is, `#`, quotes and spaces included, unless it is
 * a list, `true` or `false` and the key takes those too; for any other key the text is YAML, or a list of numbers: `0,1`.
 */
function coerce(key: string, text: string): unknown {
  const kind = recipeSchema.shape[key as keyof Recipe] as z.ZodType | undefined;
  let value: unknown = text;
  try {
    if (!isTooDeep(text)) value = parseYaml(text, { logLevel: "error" }); // its warnings would be printed
  } catch {
    // A path or a pattern may well not be YAML.
  }
  const list = /^[\w.:-]+(,[\w.:-]+)+$/.test(text) ? text.split(",") : undefined;
  const numbers = list?.map(Number);
  const other = typeof value === "string" ? undefined : value;
  return (
    [list, numbers, other, text, value].find((given) => given !== undefined && kind?.safeParse(given).success) ?? value
  );
}

/** Takes the keys given as flags out of `method_overrides`: flags override the recipe, all of it. */
function yielding(recipe: Recipe, flagged: readonly string[]): Recipe {
  if (!recipe.method_overrides || flagged.length === 0) return recipe;
  const rest = Object.entries(recipe.method_overrides).map(([method, keys]) => [
    method,
    Object.fromEntries(Object.entries(keys ?? {}).filter(([key]) => !flagged.includes(key))),
  ]);
  return { ...recipe, method_overrides: Object.fromEntries(rest) };
}

/** One zod issue as sentences about the recipe's keys. */
function explain(issue: z.core.$ZodIssue, given: unknown): { path: Path; text: string }[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(schemaAt(issue.path)?.properties ?? {});
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const hint = issue.path.length === 0 ? hintAbout(key, given as Record<string, unknown>) : undefined;
      const meant = hint === undefined ? suggest(key, known) : undefined;
      const notes = [hint, meant && `did you mean ${meant}?`].filter(Boolean);
      return { path, text: [`${path.join(".")}: unknown key`, ...notes].join("; ") };
    });
  }
  if (issue.code === "invalid_union") {
    const deeper = issue.errors.find((errors) => errors.some(({ path }) => path.length > 0));
    if (deeper) return deeper.flatMap((error) => explain({ ...error, path: [...issue.path, ...error.path] }, given));
  }
  const value = issue.path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    given,
  );
  const key = issue.path.join(".");
  const node = schemaAt(issue.path) ?? {};
  const text =
    value === undefined
      ? `${key}: missing (${node.description ?? expectation(node)})`
      : `${key}: expected ${expectation(node)}, got ${shown(value)}`;
  return [{ path: issue.path, text }];
}

function listed(problems: readonly Problem[], file: string): string {
  const lines = [...problems]
    .sort((a, b) => (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY))
    .map(({ line, text }) => (line === undefined ? text : `${file}:${line} ${text}`));
  const more = lines.length - MAX_PROBLEMS;
  return more > 0 ? [...lines.slice(0, MAX_PROBLEMS), `… and ${more} more problems`].join("\n") : lines.join("\n");
}
