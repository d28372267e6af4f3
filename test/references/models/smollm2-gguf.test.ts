import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRows } from "../../../src/data/read.ts";
import { firstRows } from "../../../src/data/row.ts";
import { readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";
import { ggufTokenizer } from "../../../src/formats/gguf/tokenizer/read-tokenizer.ts";
import { scaledValues } from "../../../src/quant/scaled-blocks.ts";
import { tokenizerOf } from "../../../src/tokenizer/tokenizer.ts";
import { collected } from "../../data/collected.ts";

/** As `test/parity/make_smollm2_fixture.py` writes it. */
interface Expected {
  readonly config: Readonly<Record<string, unknown>> & { readonly rope_parameters: { readonly rope_theta: number } };
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly digest: string }>>;
  readonly own: readonly { readonly text: string; readonly ids: readonly number[] }[];
  /** The digest of all texts, and of each one's ids. */
  readonly texts: string;
  readonly ids: readonly string[];
  readonly template: string;
}
const expected = JSON.parse(readFileSync("test/parity/fixtures/gguf/smollm2.json", "utf8")) as Expected;

const models = process.env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models");
const path = join(models, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
const data = process.env.LOWRANK_DATA;
const missing = existsSync(path) ? "" : ` (skipped: ${path} is not here)`;
const noData = data && existsSync(join(data, "contracts")) ? "" : " (skipped: set LOWRANK_DATA)";

const digestOf = (x: ArrayBufferView | string): string =>
  createHash("sha256")
    .update(typeof x === "string" ? x : new Uint8Array(x.buffer, x.byteOffset, x.byteLength))
    .digest("hex")
    .slice(0, 16);

async function openTokenizer() {
  const { metadata } = await readGguf(path);
  const { definition, config } = ggufTokenizer(metadata, path);
  return tokenizerOf(definition, config, [], path);
}

describe.skipIf(missing)(`SmolLM2-135M-Instruct from GGUF, beside transformers${missing}`, () => {
  test("config", async () => {
    const { config } = await readGguf(path);
    const { rope_parameters, ...rest } = expected.config;
    const wanted = { ...rest, rope_theta: rope_parameters.rope_theta, rope_scaling: null, rms_norm_eps: 1e-5 };
    expect(config).toMatchObject(wanted);
    expect(Math.fround(1e-5)).toBe(rest.rms_norm_eps);
  });

  test("every tensor, bit for bit", async () => {
    const { tensors, readFloat32 } = await readGguf(path);
    const { "lm_head.weight": tied, ...own } = expected.tensors;
    expect(tied).toEqual(own["model.embed_tokens.weight"]);
    expect(new Set(tensors.keys())).toEqual(new Set(Object.keys(own)));
    for (const [name, { shape, digest }] of Object.entries(own)) {
      expect(tensors.get(name)?.shape, name).toEqual(shape);
      expect(digestOf(await readFloat32(name)), name).toBe(digest);
    }
  }, 120_000);

  test("every matrix in the file's own blocks, bit for bit, its rows in transformers' order", async () => {
    const { tensors } = await readGguf(path);
    const held = [...tensors.values()].flatMap(({ name, blocks }) => (blocks ? [{ name, ...blocks }] : []));
    expect(held).toHaveLength(30 * 7 + 1);
    for (const { name, format, read } of held) {
      const digest = digestOf(scaledValues(await read(), format.blockSize));
      expect(digest, name).toBe(expected.tensors[name]?.digest);
    }
  }, 120_000);

  test("chat template and ids of a few texts", async () => {
    const tokenizer = await openTokenizer();
    expect(tokenizer).toMatchObject({ padToken: "<|im_end|>", padId: 2, chatTemplate: expected.template });
    for (const { text, ids } of expected.own) {
      expect(tokenizer.encode(text, { maxLength: 1000 }).ids, text).toEqual(ids);
    }
  });

  test.skipIf(noData)(
    `ids of 1,000 clauses and contracts${noData}`,
    async () => {
      const tokenizer = await openTokenizer();
      const textsOf = async (file: string, count: number) =>
        (await collected(firstRows(await readRows(join(data ?? "", file), "train"), count))).map(({ values }) =>
          String(values.text),
        );
      const contracts = await textsOf("contracts/train.jsonl.gz", 200);
      const texts = [
        ...(await textsOf("cuad-clauses-19/train.jsonl.gz", 800)),
        ...contracts.map((text) => [...text].slice(0, 4000).join("")),
      ];
      expect(digestOf(texts.join("\0")), "the texts are others than those of the fixture").toBe(expected.texts);
      const ids = texts
        .map((text) => tokenizer.encode(text, { maxLength: 1e6 }).ids)
        .map((found) => digestOf(Int32Array.from(found)).slice(0, 8));
      expect(ids.findIndex((digest, i) => digest !== expected.ids[i])).toBe(-1);
      expect(ids).toHaveLength(1000);
    },
    120_000,
  );
});
