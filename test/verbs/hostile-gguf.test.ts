import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import { CheckpointError, LowrankError } from "../../src/errors.ts";
import { openGguf } from "../../src/formats/gguf/file.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { fixture, recipeOf, temporary } from "../running.ts";

const UINT32 = 4;
const FLOAT32 = 6;
const INTEGERS = [0, 1, 3, 7, 1000, 2 ** 31 - 1, 2 ** 32 - 1];
const FLOATS = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e38];
/** Keys that nothing here reads, or of which nearly every value is possible. */
const FREE = /value_length|vocab_size|scaling|window|epsilon|softcapping|parallel|rope\.freq_base|context_length/;

const families = readdirSync(fixture("gguf"))
  .filter((file) => file.endsWith(".gguf"))
  .map((file) => file.slice(0, -".gguf".length));

/** A model of the fixtures with one number of its metadata replaced. */
function changed(bytes: Buffer, key: string, value: number, path: string): void {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(key) + key.length;
  if (copy.readUInt32LE(at) === FLOAT32) copy.writeFloatLE(value, at + 4);
  else copy.writeUInt32LE(value, at + 4);
  writeFileSync(path, copy);
}

/** What building the model's graphs ends with. */
async function opened(path: string): Promise<unknown> {
  const recipe = resolveRecipe(recipeOf({ model_name_or_path: path, task_type: "CAUSAL_LM", method: "lora" }));
  try {
    prepare(recipe, await openBase(recipe), undefined);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe.each(families)("%s: sizes are compared with the tensors before a graph is built", async (family) => {
  const file = fixture(`gguf/${family}.gguf`);
  const bytes = readFileSync(file);
  const { metadata } = await openGguf(file);
  const numbers = [...metadata].filter(
    ([key, value]) => typeof value === "number" && !/^(tokenizer|general)\./.test(key),
  );

  test.each(numbers)("%s, which is %d", async (key, value) => {
    const type = bytes.readUInt32LE(bytes.indexOf(key) + key.length);
    const path = `${temporary()}/changed.gguf`;
    for (const other of type === FLOAT32 ? FLOATS : type === UINT32 ? INTEGERS : []) {
      if (other === value) continue;
      changed(bytes, key, other, path);
      const before = performance.now();
      const error = await opened(path);
      const what = `${key} ${other}: ${error}`;
      expect(performance.now() - before, what).toBeLessThan(2000);
      if (error !== undefined) expect(error, `${what}\n${(error as Error).stack}`).toBeInstanceOf(LowrankError);
      const oneHead = other === 1 && key.endsWith(".head_count"); // as many columns as all heads together
      if (!FREE.test(key) && !oneHead) expect(error, what).toBeInstanceOf(CheckpointError);
    }
  });
});
