import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { exportModel } from "../../src/verbs/export/export.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { expectClose } from "../models/running.ts";
import { pythonOf } from "../parity/python.ts";
import { firstBatch, outputsOf, type Side } from "../verbs/export/stored-onnx.ts";

const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
const folder = await temporaryFolder();

/** Fixtures, and where their rows are padded. */
const MODELS: readonly (readonly [name: string, side: Side])[] = [
  ...readdirSync(fixture("causal")).map((name) => [`causal/${name}`, "left"] as const),
  ...readdirSync(fixture("masked")).map((name) => [`masked/${name}`, "right"] as const),
  ...["bert", "bert-tokens", "roberta", "distilbert", "electra", "modernbert-mean"].map(
    (name) => [name, "right"] as const,
  ),
];

interface Report {
  readonly opsets: readonly unknown[];
  readonly domains: readonly string[];
  readonly logits: readonly number[];
  readonly shape: readonly number[];
}

describe.skipIf(python.missing !== undefined)(
  `onnx's checker accepts ours, and its operators compute what transformers does${python.missing ? `: ${python.missing}` : ""}`,
  () => {
    let reports: Report[] = [];
    beforeAll(async () => {
      const cases: unknown[] = [];
      for (const [name, side] of MODELS) {
        const out = `${folder}/${name}`;
        await exportModel({ format: "onnx", model: fixture(name), out });
        const { ids, padId: pad } = firstBatch(name);
        cases.push({ path: `${out}/onnx/model.onnx`, ids, pad, side });
      }
      reports = python.run("check_onnx.py", cases) as Report[];
    }, 300_000);

    test.each(MODELS.map(([name, side], i) => [name, side, i] as const))("%s", (name, side, i) => {
      const { logits, ...report } = reports[i] as Report;
      expect(report).toMatchObject({ opsets: [["", 18]], domains: [""] });
      const batch = firstBatch(name);
      const tensor = { dtype: "float32", data: Float32Array.from(logits), shape: report.shape } as const;
      expectClose(outputsOf(tensor, batch, side), batch.wanted, "logits", 2e-5);
    });
  },
);
