import { cpSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { embed } from "../../src/verbs/embed.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { pythonOf } from "../parity/python.ts";
import { fixture, readJson, runHere, temporary } from "../running.ts";

const python = pythonOf("LOWRANK_SENTENCE_TRANSFORMERS", "lowrank-reference/sentence-transformers");
const folder = temporary();
const CASES = ["lora", "full", "merged"] as const;

interface Report {
  readonly embeddings: readonly (readonly number[])[];
  readonly maxLength: number;
  readonly prompts: Readonly<Record<string, string>>;
}

describe.skipIf(python.missing !== undefined)(
  `sentence-transformers loads ours${python.missing ? `: ${python.missing}` : ""}`,
  () => {
    const { rows, texts } = readJson(fixture("embeddings/expected.json")) as {
      rows: Record<string, RowsInMemory>;
      texts: string[];
    };
    let reports: Report[] = [];
    beforeAll(async () => {
      const base = `${folder}/base`;
      cpSync(fixture("bert-bare"), base, { recursive: true });
      writeFileSync(`${base}/config_sentence_transformers.json`, JSON.stringify({ prompts: { query: "law " } }));
      for (const method of ["lora", "full"]) {
        const keys = { model_name_or_path: base, task_type: "FEATURE_EXTRACTION", max_length: 24, method };
        await runHere({ ...keys, output_dir: `${folder}/${method}` }, { rows: rows.ranked as RowsInMemory });
      }
      await exportModel({ format: "safetensors", adapter: `${folder}/lora`, out: `${folder}/merged` });
      const cases = CASES.map((name) => ({ folder: `${folder}/${name}`, texts }));
      reports = python.run("load_with_sentence_transformers.py", cases) as Report[];
    }, 300_000);

    test.each(CASES.map((name, i) => [name, i] as const))(
      "%s: the same embeddings, length and prompts",
      async (name, i) => {
        const { embeddings, maxLength, prompts } = reports[i] as Report;
        expect({ maxLength, prompts }).toMatchObject({ maxLength: 24, prompts: { query: "law " } });
        let row = 0;
        for await (const { embedding } of embed(`${folder}/${name}`, texts)) {
          const theirs = embeddings[row++] as number[];
          expect(embedding?.length).toBe(theirs.length);
          theirs.forEach((value, j) => void expect(embedding?.[j], `number ${j}`).toBeCloseTo(value, 5));
        }
        expect(row).toBe(texts.length);
      },
    );
  },
);
