import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { LowrankError } from "../../src/errors.ts";
import type { LabelsScore, Prediction } from "../../src/events/reports.ts";
import { batched } from "../../src/verbs/batched.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { type PredictOptions, predict } from "../../src/verbs/predict.ts";
import {
  changedModel,
  copyOf,
  fixture,
  type Keys,
  readJson,
  recipeOf,
  rowsOf,
  runHere,
  temporary,
} from "../running.ts";

const folder = temporary();
let adapter = "";
let tagger = "";
beforeAll(async () => {
  const rows = Object.fromEntries(
    Object.entries(rowsOf()).map(([split, list]) => [split, list.map(({ text, label }) => ({ clause: text, label }))]),
  );
  adapter = `${folder}/adapter`;
  await runHere({ output_dir: adapter, text_column: "clause" }, { rows });
  tagger = `${folder}/tagger`;
  const keys = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS", max_length: 12 };
  await runHere({ ...keys, output_dir: tagger }, { rows: rowsOf(true) });
});

async function all(options: PredictOptions): Promise<Prediction[]> {
  const list: Prediction[] = [];
  for await (const item of predict(options)) list.push(item);
  return list;
}

/** A file of this test, gzipped where its name says so. */
function file(name: string, content: string): string {
  writeFileSync(`${folder}/${name}`, name.endsWith(".gz") ? gzipSync(content) : content);
  return `${folder}/${name}`;
}

const LAW = "state law";
const FEE = 'pay, "the" fee';

describe("the input of predict", () => {
  const csv = `id,clause,text\n1,${LAW},x\n2,"pay, ""the"" fee",x\n`;
  const rows = [{ id: 1, clause: LAW, text: "x" }, { id: 2, clause: FEE, text: "x" }]; // biome-ignore format: rows
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  test.each<[string, string]>([
    ["a.csv", csv],
    ["A.CSV", csv],
    ["b.csv", csv.replaceAll(",", ";").replace("pay;", "pay,")],
    ["a.tsv", csv.replaceAll(",", "\t").replace("pay\t", "pay,")],
    ["a.csv.gz", csv],
    ["a.jsonl", jsonl],
    ["a.JSONL", jsonl],
    ["a.jsonl.gz", jsonl],
    ["a.json", JSON.stringify(rows)],
  ])("%s: the column that the run was trained on", async (name, content) => {
    const said = await all({ adapter, input: file(name, content) });
    expect(said.map(({ index, text }) => [index, text])).toEqual([[0, LAW], [1, FEE]]); // biome-ignore format: pairs
    const scored = (list: Prediction[]) =>
      list.flatMap((item) => ("score" in item ? [{ label: item.label, score: item.score }] : []));
    const texts = scored(await all({ adapter, texts: [LAW, FEE] }));
    // A file's rows may reach the model in other batches than the texts, which changes the last digits.
    expect(scored(said)).toEqual(texts.map(({ label, score }) => ({ label, score: expect.closeTo(score, 6) })));
  });

  test("Parquet", async () => {
    const input = join(import.meta.dirname, "../data/fixtures/rows.parquet");
    const said = await all({ adapter, input });
    expect(said.map(({ text }) => text)).toEqual(["The rent is due.", "Notice in writing — “now”.", ""]);
  });

  test("without that column, the one named text; without either, a refusal that names the line", async () => {
    expect(await all({ adapter, input: file("t.jsonl", `{"text":"${LAW}"}\n`) })).toMatchObject([{ text: LAW }]);
    const input = file("n.jsonl", `{"text":"${LAW}"}\n{"txt":"b"}\n`);
    await expect(all({ adapter, input })).rejects.toThrow(`this row has no column "clause"\n  at: ${input}:2`);
  });

  test("lines of text keep their numbers; blank ones are left out", async () => {
    const said = await all({ adapter, input: file("a.txt", `${LAW}\n\n two \r\n{"text": 1}`) });
    expect(said.map(({ index, text }) => [index, text])).toEqual([[0, LAW], [2, " two "], [3, '{"text": 1}']]); // biome-ignore format: pairs
  });

  test("tables that are not read, and files that are not there, are refused", async () => {
    for (const name of ["a.psv", "a.XLSX", "a.psv.gz", "a.ndjson"])
      await expect(all({ adapter, input: file(name, "a\tb\n") })).rejects.toThrow(
        /predict cannot read files like .*\n {2}expected: .jsonl/,
      );
    for (const name of ["none.csv", "none.txt"])
      await expect(all({ adapter, input: `${folder}/${name}` })).rejects.toThrow(`${name}: no such file`);
    mkdirSync(`${folder}/sub`);
    await expect(all({ adapter, input: `${folder}/sub` })).rejects.toThrow(LowrankError);
  });
});

describe("texts that cannot be labelled", () => {
  const odd = ["", " ", "\u200b", "\u00ad", "\u0000"];

  test("do not stop the others: each has its reason, in its place", async () => {
    const texts = odd.flatMap((text, i) => [`${LAW} ${i}`, text]);
    const said = await all({ adapter, texts });
    expect(said.map(({ index, text }) => [index, text])).toEqual([...texts.entries()]);
    for (const [i, prediction] of said.entries()) {
      if (i % 2 === 0) expect(prediction).toHaveProperty("score");
      else expect(prediction).toMatchObject({ label: null, error: "the text has no tokens" });
    }
    const alone = await all({ adapter, texts: texts.filter((_, i) => i % 2 === 0) });
    const scores = (list: readonly Prediction[]) => list.flatMap((one) => ("score" in one ? [one.score] : []));
    scores(said).forEach((score, i) => void expect(score).toBeCloseTo(scores(alone)[i] as number, 5));
  });

  test("what is no text, given from JavaScript, has its reason; one text is not taken for a list of letters", async () => {
    const texts = [null, LAW, undefined, 3, {}, { text: "" }] as unknown as string[];
    const predictions = await all({ adapter, texts });
    expect(predictions.map((one) => ("error" in one ? one.error : one.text))).toEqual([
      "this is no text: null",
      LAW,
      "this is no text: undefined",
      "this is no text: 3",
      "this is no text: {}",
      "the text has no tokens",
    ]);
    expect(predictions.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(all({ adapter, texts: LAW })).rejects.toThrow(/texts is one text.*\n.*\n {2}expected: a list: \["/);
  });

  test("rows without a text in the column", async () => {
    const values = [LAW, null, ["a"], { b: 1 }, 7, ""];
    const lines = values.map((clause) => `${JSON.stringify({ clause })}\n`).join("");
    const input = file("odd.jsonl", `${lines}{"clause":1.0}\n`);
    const said = await all({ adapter, input });
    expect(said.map((one) => ("error" in one ? one.error : one.text))).toEqual([
      LAW,
      "this row contains no text: null",
      'this row contains no text: ["a"]',
      'this row contains no text: {"b":1}',
      "7",
      "the text has no tokens",
      "1.0",
    ]);
    expect(said.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("are refused when there are no others", async () => {
    await expect(all({ adapter, texts: [" "] })).rejects.toThrow("the text has no label: the text has no tokens");
    await expect(all({ adapter, texts: odd })).rejects.toThrow("none of the 5 texts has a label");
    expect(await all({ adapter, texts: [] })).toEqual([]);
  });
});

describe("the words of predict", () => {
  const labelOf = (prediction: Prediction | undefined, at: number) =>
    prediction && "words" in prediction ? prediction.words[at] : undefined;

  test.each(["\u200b", "\u00ad", "\ufe0f"])(
    "a word without tokens, %j, has no label; the others keep theirs",
    async (none) => {
      const words = ["ada", none, "pays", "the", "agent"];
      const input = file(
        "w.jsonl",
        `${JSON.stringify({ tokens: words })}\n${JSON.stringify({ text: words.join(" ") })}\n`,
      );
      const [listed, spoken] = await all({ adapter: tagger, input });
      const [plain] = await all({ adapter: tagger, texts: ["ada pays the agent"] });
      for (const said of [listed, spoken]) {
        expect(said && "words" in said && said.words.map(({ word }) => word)).toEqual(words);
        expect(labelOf(said, 1)).toEqual({ word: none, label: null });
        for (const [at, of] of [[0, 0], [2, 1], [3, 2], [4, 3]] as const) // biome-ignore format: pairs
          expect(labelOf(said, at)).toEqual(labelOf(plain, of));
      }
    },
  );

  test("words beyond max_length have none", async () => {
    const words = Array.from({ length: 30 }, (_, i) => `law${i}`);
    const [said] = await all({ adapter: tagger, texts: [words.join(" ")] });
    if (!said || !("words" in said)) throw new Error("no words");
    expect(said.words.map(({ word }) => word)).toEqual(words);
    const labels = said.words.map(({ label }) => label !== null);
    expect(labels).toEqual(labels.toSorted().reverse());
    expect(new Set(labels)).toEqual(new Set([true, false]));
  });

  test("a row may hold words with spaces in them; one of other things has its reason", async () => {
    const rows = [{ tokens: ["New York", "law"] }, { tokens: [1] }, { tokens: [] }, { tokens: ["\u200b"] }];
    const input = file("s.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const said = await all({ adapter: tagger, input });
    expect(said[0]).toMatchObject({ index: 0, words: [{ word: "New York" }, { word: "law" }] });
    expect(said.slice(1).map((one) => "error" in one && one.error)).toEqual([
      "this row contains no text or list of words: [1]",
      "the text has no tokens",
      "the text has no tokens",
    ]);
  });
});

describe("batches", () => {
  test("an answer comes before the next text is written", async () => {
    const answered: string[] = [];
    async function* conversation() {
      for (const text of [LAW, FEE, "notice"]) {
        yield text;
        while (answered.length === 0 || answered.at(-1) !== text)
          await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    for await (const { text } of predict({ adapter, texts: conversation() })) answered.push(text);
    expect(answered).toEqual([LAW, FEE, "notice"]);
  });

  test("are full while items are at hand, and in order", async () => {
    const sizes: number[] = [];
    const found: number[] = [];
    for await (const batch of batched(
      Array.from({ length: 37 }, (_, i) => i),
      16,
    )) {
      sizes.push(batch.length);
      found.push(...batch);
    }
    expect(sizes).toEqual([16, 16, 5]);
    expect(found).toEqual([...found.keys()]);
  });

  test("an error of the items comes after what was before it", async () => {
    async function* broken() {
      yield 1;
      throw new RangeError("broken");
    }
    const found: number[][] = [];
    const walk = async () => {
      for await (const batch of batched(broken(), 16)) found.push(batch);
    };
    await expect(walk()).rejects.toThrow("broken");
    expect(found).toEqual([[1]]);
  });
});

describe("heads that are not supported", () => {
  const texts = [LAW];
  const configured = async (config: Keys): Promise<Keys> => ({ model_name_or_path: await changedModel(config) });

  test("an unknown problem_type", async () => {
    const keys = await configured({ problem_type: "ranking" });
    const model = String(keys.model_name_or_path);
    const refused = new RegExp(`problem_type ranking is not supported\n.*at: ${model}/config.json`);
    await expect(all({ model, texts })).rejects.toThrow(refused);
    await expect(evaluate(recipeOf({ ...keys, dataset_name: fixture("data") }))).rejects.toThrow(refused);
    await expect(runHere(keys)).rejects.toThrow(refused);
  });

  test("what lies beside an adapter goes before what its base says", async () => {
    const beside = copyOf("bert");
    const { model_name_or_path } = await configured({ problem_type: "ranking" });
    const model = String(model_name_or_path);
    expect(await all({ adapter, model, texts })).toHaveLength(1);
    await expect(all({ adapter: fixture("bert/adapters/lora"), model, texts })).rejects.toThrow(/ranking/);
    writeFileSync(
      `${adapter}/config.json`,
      JSON.stringify({ ...readJson(`${adapter}/config.json`), problem_type: "ranking" }),
    );
    await expect(all({ adapter, model: beside, texts })).rejects.toThrow(`at: ${adapter}/config.json`);
    writeFileSync(
      `${adapter}/config.json`,
      JSON.stringify({ ...readJson(`${adapter}/config.json`), problem_type: null }),
    );
  });

  test("one output", async () => {
    const unnamed = { model_name_or_path: await changedModel(({ id2label, label2id, ...config }) => config) };
    const rows = { train: [{ text: LAW, label: "only" }] };
    await expect(runHere(unnamed, { rows })).rejects.toMatchObject({
      code: "E_DATA",
      message:
        'the data have one label only: "only"\n  at: train[0]\n' +
        '  expected: at least two different labels in the column "label"\n  hint: set label_column to the column to read.',
    });
    const cut = { ...unnamed, max_train_samples: 1 };
    const two = { train: [...rows.train, { text: LAW, label: "other" }] };
    await expect(runHere(cut, { rows: two })).rejects.toThrow("max_train_samples: 1 reads the first rows alone.");
    const single = await changedModel({ id2label: { "0": "LABEL_0" } }, (tensors) =>
      [...tensors].map(([name, { shape, data }]) => {
        const cut = name.startsWith("classifier");
        return [name, cut ? { shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / 5) } : { shape, data }];
      }),
    );
    const [found] = await all({ model: single, texts });
    const { LABEL_0: probability } = (found as LabelsScore).probabilities;
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1); // a sigmoid, as in transformers' pipeline; a softmax of one output is always 1
    expect((found as LabelsScore).labels).toHaveLength(Number(probability) >= 0.5 ? 1 : 0);
  });

  test("language models: predict names generate", async () => {
    await expect(all({ model: fixture("causal/llama"), texts })).rejects.toThrow(
      /CAUSAL_LM has no labels[\s\S]*npx lowrank generate/,
    );
    await expect(all({ model: fixture("masked/bert"), texts })).rejects.toThrow(/MASKED_LM has no labels/);
  });
});

test("logits that are not finite end the prediction with the text's name", async () => {
  const model = await changedModel({}, (tensors) =>
    [...tensors].map(([name, { shape, data }]) => [
      name,
      { shape, data: name.startsWith("classifier") ? data.map(() => 3e38) : data },
    ]),
  );
  const refused = all({ model, texts: [LAW, "x".repeat(200)] });
  await expect(refused).rejects.toMatchObject({ name: "NotFiniteError", exitCode: 3 });
  await expect(refused).rejects.toThrow(
    /^the logits contain (NaN|-?Infinity)\.\n {2}at: text [12], "(state law|x{60}…)"\n/,
  );
});
