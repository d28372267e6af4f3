import { beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { mergeAdapter } from "../../src/merging/merge-adapter.ts";
import type { Scheme } from "../../src/quant/schemes/index.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
const folder = await temporaryFolder();

/** Base, adapter, and how the base was packed. */
const CASES: readonly (readonly [base: string, method: string, quantization?: string])[] = [
  ...["all", "patterns", "heads", "dora"].map((method) => ["merge/llama", method] as const),
  ...["output", "embedding"].map((method) => ["merge/llama-tied", method] as const),
  ["merge/llama-bf16", "all"],
  ...["lora", "dora"].map((method) => ["merge/gpt2", method] as const),
  ...["lora", "dora", "lora-bias-all", "patterns"].map((method) => ["bert", method] as const),
  ["bert-bare", "lora"],
  ["bert-tokens", "lora"],
  ["electra", "all-linear-rslora"],
  ["distilbert", "dora"],
  ["modernbert-mean", "all-linear-rslora"],
  ["bert", "lora", "qlora-nf4-double"],
  ["bert", "dora", "qlora-int8"],
];

const PACKINGS: Readonly<Record<string, Scheme>> = {
  "qlora-nf4-double": { type: "nf4", blockSize: 64, doubleQuant: true },
  "qlora-int8": { type: "int8" },
};

/** What the Python script says of a case. */
interface Report {
  readonly keys: readonly string[];
  readonly logits: number;
  readonly weights: number;
  readonly types: readonly string[];
}

async function merge([base, method, quantization]: (typeof CASES)[number], i: number) {
  const [adapter, merged] = [fixture(`${base}/adapters/${method}`), `${folder}/${i}`];
  const checkpoint = await readCheckpoint(fixture(base));
  const packing = PACKINGS[quantization ?? ""];
  const params = [...checkpoint.tensors.keys()].filter((name) =>
    /layer\.\d.*(query|key|value|dense)\.weight$/.test(name),
  );
  const quantized = packing && { quantized: { packing, params } };
  await mergeAdapter({ base: checkpoint, adapterFolder: adapter, out: merged, maxShardBytes: 20_000, ...quantized });
  return { base: fixture(base), adapter, merged, quantization: quantization ?? null, shared: base.endsWith("-tied") };
}

describe.skipIf(python.missing !== undefined)(
  `transformers loads what we merge, and it computes what PEFT does with the adapter${python.missing ? `: ${python.missing}` : ""}`,
  () => {
    let reports: Report[] = [];
    beforeAll(async () => {
      reports = python.run("load_merged.py", await Promise.all(CASES.map(merge))) as Report[];
    }, 300_000);

    test.each(CASES.map(([base, method, packed = ""], i) => [base, method, packed, i] as const))(
      "%s/%s %s",
      (base, _method, _packed, i) => {
        const half = base.endsWith("-bf16");
        const { keys, logits, weights, types } = reports[i] as Report;
        expect({ keys, types }).toEqual({ keys: [], types: [half ? "torch.bfloat16" : "torch.float32"] });
        expect(logits).toBeLessThan(half ? 0.2 : 2e-5);
        expect(weights).toBeLessThan(half ? 0 + 1e-9 : 1e-6);
      },
    );
  },
);
