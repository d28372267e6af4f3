import { beforeAll, describe, expect, test } from "vitest";
import { readJsonToEdit } from "../../src/formats/json/json-file.ts";
import { readLora } from "../../src/formats/peft/read-lora.ts";
import { saveLora } from "../../src/formats/peft/save-lora.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { saveFull } from "../../src/formats/transformers/save-full.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
const folder = await temporaryFolder();

const ADAPTERS = [
  ...["lora", "dora", "all-linear-rslora", "patterns", "lora-bias-all", "lora-bias-only"].map((method) => ["bert", method]),
  ...["roberta", "electra", "modernbert-mean", "deberta-v2"].flatMap((base) => [[base, "lora"], [base, "all-linear-rslora"]]),
  ["distilbert", "dora"],
  ["bert-tokens", "lora"],
  ["llama", "dora"],
  ...["gpt2", "causal/gpt2", "causal/phi3"].flatMap((base) => [[base, "lora"], [base, "all-linear-rslora"]]),
  ["causal/gpt_neox", "all-linear-rslora"],
  ["causal/gemma3_text", "dora"],
] as [base: string, method: string][]; // biome-ignore format: a table
const MODELS = ["bert", "bert-tokens", "deberta-v2", "roberta", "distilbert", "electra", "modernbert", "gpt2", "llama"];

/** What the Python script says of a case. */
interface Report {
  readonly missing: string[];
  readonly unexpected: string[];
  readonly same: boolean;
}

async function saveAdapter(base: string, method: string) {
  const [from, ours] = [fixture(`${base}/adapters/${method}`), `${folder}/${base}-${method}`];
  const { config, ...adapter } = await readLora(from);
  await saveLora(ours, {
    tensors: adapter.tensors,
    config: method.startsWith("all-linear") ? { ...config, targetModules: "all-linear" } : config,
    params: (await readCheckpoint(fixture(base))).tensors.keys(),
    baseModel: base,
    taskType: adapter.taskType ?? "",
    fanInFanOut: base.endsWith("gpt2"),
  });
  return { base: fixture(base), ours, theirs: from };
}

async function saveModel(base: string) {
  const { config, tensors, readFloat32 } = await readCheckpoint(fixture(base));
  const read = [...tensors].map(async ([name, { shape }]) => [name, { shape, data: await readFloat32(name) }] as const);
  const id2label = config.id2label as Record<string, string>;
  const taskType = base.endsWith("-tokens") ? "TOKEN_CLS" : "SEQ_CLS";
  await saveFull(`${folder}/${base}`, {
    ...{
      tensors: await Promise.all(read),
      baseConfig: await readJsonToEdit(`${fixture(base)}/config.json`),
      taskType,
      id2label,
    },
  });
  return { base: fixture(base), ours: `${folder}/${base}` };
}

describe.skipIf(python.missing !== undefined)(
  `PEFT and transformers load ours${python.missing ? `: ${python.missing}` : ""}`,
  () => {
    let reports: Report[] = [];
    beforeAll(async () => {
      const adapters = await Promise.all(ADAPTERS.map(([base, method]) => saveAdapter(base, method)));
      const models = await Promise.all(MODELS.map(saveModel));
      reports = python.run("load_with_peft.py", [...adapters, ...models]) as Report[];
    }, 300_000);

    test.each(ADAPTERS.map(([base, method], i) => [base, method, i] as const))("%s/%s", (_base, _method, i) => {
      expect(reports[i]).toEqual({ missing: [], unexpected: [], same: true });
    });

    test.each(MODELS.map((base, i) => [base, ADAPTERS.length + i] as const))("the whole of %s", async (base, i) => {
      const { config } = await readCheckpoint(fixture(base));
      const labels = Object.values(config.id2label as Record<string, string>);
      const [className] = config.architectures as string[];
      expect(reports[i]).toEqual({ missing: [], unexpected: [], mismatched: [], same: true, class: className, labels });
    });
  },
);
