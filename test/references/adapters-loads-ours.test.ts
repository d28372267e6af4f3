import { beforeAll, describe, expect, test } from "vitest";
import { readHoulsby } from "../../src/formats/adapter-hub/read.ts";
import { saveHoulsby } from "../../src/formats/adapter-hub/save.ts";
import { readConfig } from "../../src/formats/transformers/config.ts";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_ADAPTERS", "lowrank-adapters");
const folder = await temporaryFolder();
const BASES = ["bert", "roberta", "distilbert"];

const labelsOf = async (base: string) => (await readConfig(fixture(base))).id2label as Record<string, string>;

async function save(base: string) {
  const [from, ours] = [fixture(`${base}/adapters/houlsby`), `${folder}/${base}`];
  const { tensors, config } = await readHoulsby(from);
  const about = { baseConfig: await readConfig(fixture(base)), baseModel: base, taskType: "SEQ_CLS" };
  await saveHoulsby(ours, { tensors, config, ...about, id2label: await labelsOf(base) });
  return { base: fixture(base), ours, theirs: from };
}

describe.skipIf(python.missing !== undefined)(
  `adapter-hub loads ours${python.missing ? `: ${python.missing}` : ""}`,
  () => {
    let reports: unknown[] = [];
    beforeAll(async () => {
      reports = python.run("load_with_adapters.py", await Promise.all(BASES.map(save))) as unknown[];
    }, 300_000);

    test.each(BASES.map((base, i) => [base, i] as const))("%s, with its head", async (base, i) => {
      const labels = Object.values(await labelsOf(base));
      expect(reports[i]).toEqual({ missing: [], unexpected: [], labels, same: true, flexible_head: true });
    });
  },
);
