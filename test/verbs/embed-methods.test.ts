import { describe, expect, test } from "vitest";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { embed } from "../../src/verbs/embed.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { fixture, readJson, runHere, temporary } from "../running.ts";

const folder = temporary();
const { rows } = readJson(fixture("embeddings/expected.json")) as { rows: Record<string, RowsInMemory> };
const TEXT = "Statute agreement of the state law";

async function vector(model: string, adapter?: string): Promise<number[]> {
  for await (const { embedding } of embed(model, [TEXT], adapter === undefined ? {} : { adapter }))
    return [...(embedding ?? [])];
  return [];
}

/** Trains two steps; returns the folder. */
async function trained(base: string, method: string): Promise<string> {
  const out = `${folder}/${base}-${method}`;
  const keys = {
    model_name_or_path: fixture(base),
    task_type: "FEATURE_EXTRACTION",
    method,
    max_steps: 2,
    output_dir: out,
  };
  await runHere({ ...keys, learning_rate: 0.01 }, { rows: rows.ranked as RowsInMemory });
  return out;
}

describe("every method trains embeddings, and what it saved is read again", () => {
  test.each(["lora", "qlora", "adapter", "ia3", "ln_tuning", "full"])("%s", async (method) => {
    const out = await trained("bert-bare", method);
    const [before, after] = [await vector(fixture("bert-bare")), await vector(out)];
    expect(after).toHaveLength(32);
    expect(after).not.toEqual(before);
    if (method !== "full") expect(await vector(fixture("bert-bare"), out)).toEqual(after);
  });
});

describe("a base that is stored below a head", () => {
  test.each(["bert", "distilbert", "modernbert", "roberta", "electra", "deberta-v2"])(
    "%s: trained and merged",
    async (base) => {
      const out = await trained(base, "lora");
      const [before, after] = [await vector(fixture(base)), await vector(out)];
      expect(after).not.toEqual(before);
      await exportModel({ format: "safetensors", adapter: out, out: `${out}-merged` });
      const merged = await vector(`${out}-merged`);
      merged.forEach((value, i) => void expect(value).toBeCloseTo(after[i] as number, 5));
    },
  );
});
