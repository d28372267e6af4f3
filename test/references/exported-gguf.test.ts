import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { exportGguf } from "../../src/formats/gguf/model/write-gguf.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { peftToGguf } from "../../src/verbs/export/convert-adapter.ts";
import { temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
const runtime = pythonOf("LOWRANK_XLLAMACPP", "lowrank-xllamacpp");
const checkout = process.env.LOWRANK_LLAMA_CPP ?? "";
const converters = existsSync(`${checkout}/convert_hf_to_gguf.py`)
  ? python.missing
  : "no llama.cpp; set LOWRANK_LLAMA_CPP to a checkout";

const folder = await temporaryFolder();
const MODELS = [
  ...[
    "llama",
    "llama3",
    "mistral",
    "qwen2",
    "qwen3",
    "smollm3",
    "olmo2",
    "phi3",
    "gemma2",
    "gemma3",
    "gpt2",
    "gpt_neox",
  ],
];
/** Those of which transformers' own reader takes all that a file says. */
const READ_BY_TRANSFORMERS = ["llama", "mistral", "qwen2"];
/** ggml looks GELU up in a table of half floats. */
const GELU = ["gemma2", "gemma3", "gpt2", "gpt_neox"];

const at = (name: string, type = "F32"): string => `${folder}/${name}-${type}.gguf`;
const because = (missing: string | undefined): string => (missing === undefined ? "" : `: ${missing}`);

/** Fields that the converters leave out, or write for what is no part of a model's function. */
const OURS =
  /^general\.|\.rope\.freq_base$|^phi3\.rope\.scaling\.type$|\.add_eos_token$|^(llama|phi3)\.context_length$/;

beforeAll(async () => {
  if (python.missing !== undefined) return;
  python.run("make_gguf_models.py", [folder]);
  for (const name of MODELS) {
    const base = await readCheckpoint(`${folder}/${name}`);
    for (const type of ["F32", "Q8_0"] as const) await exportGguf({ base, out: at(name, type), type, name: "tiny" });
    await peftToGguf({ adapter: `${folder}/${name}-lora`, baseConfig: base.config, out: at(name, "lora") });
  }
}, 300_000);

interface Comparison {
  readonly fields: Record<string, unknown>;
}

describe.skipIf(converters !== undefined)(`llama.cpp's converters write the same${because(converters)}`, () => {
  /** The converter turns updates of GPT-2 over, which fits no base. */
  const adapters = MODELS.filter((name) => name !== "gpt2");
  const cases = [
    ...MODELS.flatMap((name) =>
      ["F32", "Q8_0"].map((type) => ({ name, ours: at(name, type), outtype: type.toLowerCase(), adapter: null })),
    ),
    ...adapters.map((name) => ({
      name,
      ours: at(name, "lora"),
      outtype: "f32",
      adapter: `${folder}/${name}-lora`,
    })),
  ];
  const same = { tensors: [], types: [], values: [], fields: [] };
  let reports: Comparison[] = [];
  beforeAll(() => {
    const given = cases.map(({ name, ...part }) => ({ base: `${folder}/${name}`, pre: "gpt-2", ...part }));
    reports = python.run("compare_gguf.py", given) as Comparison[];
  }, 300_000);

  test.each(cases.map(({ name, adapter, outtype }, i) => [adapter ? "an adapter of" : "", name, outtype, i] as const))(
    "%s %s, %s",
    (_adapter, _name, _type, i) => {
      const { fields, ...report } = reports[i] as Comparison;
      expect({ ...report, fields: Object.keys(fields).filter((key) => !OURS.test(key)) }).toEqual(same);
    },
  );
});

describe.skipIf(python.missing !== undefined || runtime.missing !== undefined)(
  `llama.cpp computes what transformers and PEFT do${because(python.missing ?? runtime.missing)}`,
  () => {
    let reports: number[] = [];
    beforeAll(() => {
      const cases = MODELS.flatMap((name) => {
        const [base, gguf] = [`${folder}/${name}`, at(name)];
        return [
          { base, gguf, adapter: null, gguf_adapter: null },
          { base, gguf, adapter: `${folder}/${name}-lora`, gguf_adapter: at(name, "lora") },
        ];
      });
      reports = runtime.run("run_llama_cpp.py", cases) as number[];
    }, 300_000);

    test.each(MODELS.map((name, i) => [name, i] as const))("%s, without and with an adapter", (name, i) => {
      for (const difference of reports.slice(2 * i, 2 * i + 2)) {
        expect(difference).toBeLessThan(GELU.includes(name) ? 1e-2 : 1e-4);
      }
    });
  },
);

describe.skipIf(python.missing !== undefined)(`transformers reads ours${because(python.missing)}`, () => {
  test("with the same logits", () => {
    const cases = READ_BY_TRANSFORMERS.map((name) => ({ base: `${folder}/${name}`, gguf: at(name) }));
    const differences = python.run("load_gguf.py", cases) as number[];
    expect(differences).toHaveLength(cases.length);
    for (const difference of differences) expect(difference).toBeLessThan(1e-5);
  }, 120_000);
});
