import { z } from "zod";
import { METHOD_KEYS, METHODS, type Method, methodKeys } from "../methods/keys/index.ts";
import { dataKeys } from "./data.ts";
import { loggingKeys } from "./logging.ts";
import { modelKeys } from "./model.ts";
import { taskKeys } from "./task.ts";
import { trainingKeys } from "./training.ts";
import { unfreezingKeys } from "./unfreezing.ts";

const keys = {
  ...modelKeys,
  ...taskKeys,
  ...methodKeys,
  ...unfreezingKeys,
  ...dataKeys,
  ...trainingKeys,
  ...loggingKeys,
};

type Keys = typeof keys;
type WithoutDefault<S extends z.ZodType> = S extends z.ZodDefault<infer Inner extends z.ZodType> ? Inner : S;
type Overrides = { [K in Exclude<keyof Keys, "method">]: z.ZodOptional<WithoutDefault<Keys[K]>> };

/** Every key but `method`, none required and none with a default: what is left out stays as the recipe has it. */
const overrides = z.strictObject(
  Object.fromEntries(
    Object.entries(keys)
      .filter(([key]) => key !== "method")
      .map(([key, kind]) => [key, (kind instanceof z.ZodDefault ? (kind.unwrap() as z.ZodType) : kind).optional()]),
  ) as Overrides,
);

type ByMethod = { [M in Method]: z.ZodOptional<typeof overrides> };
const byMethod = Object.fromEntries(METHODS.map((method) => [method, overrides.optional()])) as ByMethod;

/** All of a run in one flat mapping. The one source of types, flags, JSON Schema, docs and forms. */
export const recipeSchema = z.strictObject({
  ...keys,
  method_overrides: z.strictObject(byMethod).optional().describe("Keys that apply only to the named method"),
});

/** A valid recipe: the file's keys, defaults filled in. Keys whose default depends on others may still be unset. */
export type Recipe = z.output<typeof recipeSchema>;

/** The keys in the order and groups of the documentation. */
export const RECIPE_GROUPS: Readonly<Record<string, readonly (keyof Recipe)[]>> = {
  model: keysOf(modelKeys),
  task: [...keysOf(taskKeys), "method_overrides"],
  ...Object.fromEntries(METHOD_KEYS.map(({ group, keys }) => [group, keys])),
  unfreezing: keysOf(unfreezingKeys),
  data: keysOf(dataKeys),
  training: keysOf(trainingKeys),
  "log and save": keysOf(loggingKeys),
};

function keysOf<T extends object>(group: T): (keyof T)[] {
  return Object.keys(group) as (keyof T)[];
}
