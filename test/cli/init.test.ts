import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../src/cli/run.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { writeFourBits } from "../four-bit-file.ts";
import { streams } from "./streams.ts";

const FIXTURES = join(import.meta.dirname, "../parity/fixtures");
const folder = mkdtempSync(join(tmpdir(), "lowrank-init-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS: Readonly<Record<string, readonly object[]>> = {
  labelled: [
    { id: 1, text: "pay the fee", label: "payment" },
    { id: 2, text: "state law", label: "law" },
    { id: 3, text: "pay", label: "payment" },
  ],
  reviews: [
    { body: "pay the fee and all", stars: 1, lang: "en" },
    { body: "state law", stars: 1, lang: "en" },
    { body: "the fee", stars: 5, lang: "de" },
    { body: "law", stars: 5, lang: "de" },
  ],
  tagged: [
    { tokens: ["within", "days"], ner_tags: ["O", "B-DAYS"] },
    { tokens: ["pay"], ner_tags: ["O"] },
  ],
  completions: [
    { prompt: "Q: law?\nA:", completion: " yes" },
    { prompt: "Q: fee?\nA:", completion: " no" },
  ],
  numbers: Array.from({ length: 50 }, (_, i) => ({ text: `fee ${i}`, label: 3 * (i % 25) })),
  many: Array.from({ length: 20 }, (_, i) => ({ text: `pay the fee ${i}`, label: ["payment", "law"][i % 2] })),
  texts: [{ text: "This agreement is governed by the laws." }, { text: "Payment is due." }],
};
for (const [name, rows] of Object.entries(ROWS)) {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "train.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
}
const data = (name: string) => join(folder, name, "train.jsonl");
const model = (name: string) => join(FIXTURES, name);

let files = 0;
const newFile = (): string => join(folder, `recipe-${files++}.yaml`);

async function init(args: readonly string[], given: Parameters<typeof streams>[0] = {}) {
  const { io, written } = streams(given);
  return { code: await run(["init", ...args], io), ...written };
}

const keyed = (keys: Readonly<Record<string, string>>): string[] =>
  Object.entries(keys).flatMap(([key, value]) => [`--${key}`, value]);

describe("a base in four bits is held", () => {
  const written = async (model: string, more: Readonly<Record<string, string>> = {}) => {
    const output = newFile();
    const keys = {
      model_name_or_path: model,
      dataset_name: data("completions"),
      task_type: "CAUSAL_LM",
      ...more,
      output,
    };
    expect(await init(keyed(keys))).toMatchObject({ code: 0 });
    return parseRecipe(readFileSync(output, "utf8")).bnb_4bit_quant_type;
  };

  test("in the blocks of its file, where it has such, else in NF4", async () => {
    const file = join(folder, "llama.gguf");
    await writeFourBits(await readCheckpoint(model("causal/llama")), file);
    expect(await written(file)).toBe("gguf");
    expect(await written(file, { bnb_4bit_quant_type: "fp4" })).toBe("fp4");
    expect(await written(file, { method: "lora" })).toBe("nf4");
    expect(await written(model("causal/llama"))).toBe("nf4");
    expect(await written(model("gguf/qwen3.gguf"))).toBe("nf4"); // eight bits
  });
});

describe("flags alone, without a terminal", () => {
  test.each([
    ["SEQ_CLS", "bert", "labelled", { method: "lora", text_column: "text", label_column: "label", lora_r: 4 }],
    ["TOKEN_CLS", "bert-tokens", "tagged", { method: "lora", text_column: "tokens", label_column: "ner_tags" }],
    ["CAUSAL_LM", "causal/llama", "completions", { method: "qlora", gradient_checkpointing: true }],
    ["CAUSAL_LM", "causal/llama", "texts", { method: "lora", packing: true, lora_r: 32 }],
    ["CAUSAL_LM", "gguf/smollm3.gguf", "texts", { method: "lora", packing: true }],
    ["MASKED_LM", "masked/bert", "texts", { method: "full", mlm_probability: 0.15 }],
  ] as const)("%s with %s from %s: what is written is planned", async (task_type, name, rows, wanted) => {
    const output = newFile();
    const keys = { task_type, model_name_or_path: model(name), dataset_name: data(rows), output };
    const { code, stdout, stderr } = await init(keyed(keys));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^\d rows to train on; columns /) });
    expect(stdout).toContain(`npx lowrank train    ${output}`);
    const recipe = parseRecipe(readFileSync(output, "utf8"));
    expect(recipe).toMatchObject({ task_type, output_dir: "out/train", ...wanted });
    const planning = ["dist/cli/main.js", "plan", output, "--json", "--quiet"];
    const plan = JSON.parse(execFileSync(process.execPath, planning, { encoding: "utf8" }));
    expect(plan).toMatchObject({ event: "plan", method: recipe.method });
    expect(plan.trainable_parameters).toBeGreaterThan(0);
  });

  test("every key is a flag, and stands in the file with what it means", async () => {
    const output = newFile();
    const keys = { model_name_or_path: model("bert"), dataset_name: data("labelled"), task_type: "SEQ_CLS", output };
    expect(await init([...keyed(keys), "--lora-r", "2", "--num_train_epochs=1"])).toMatchObject({ code: 0 });
    const yaml = readFileSync(output, "utf8");
    expect(yaml).toMatch(/^lora_r: 2 +# Rank of the update$/m);
    expect(yaml).toMatch(/^num_train_epochs: 1 +# Number of epochs$/m);
    const lines = yaml.split("\n").filter((line) => /^\w/.test(line));
    for (const [i, line] of yaml.split("\n").entries()) {
      if (/^\w/.test(line)) expect(line.includes(" # ") || yaml.split("\n")[i - 1]?.startsWith("# "), line).toBe(true);
    }
    expect(lines.length).toBeGreaterThan(12);
  });

  test("the method's own settings are written, those of others are not", async () => {
    const output = newFile();
    const keys = { model_name_or_path: model("bert"), dataset_name: data("labelled"), task_type: "SEQ_CLS", output };
    await init([...keyed(keys), "--method", "full"]);
    const yaml = readFileSync(output, "utf8");
    expect(parseRecipe(yaml)).toMatchObject({ method: "full", learning_rate: 3e-4, num_train_epochs: 3 });
    expect(yaml).not.toMatch(/^(lora|method_overrides)/m);
  });

  test("--yes takes the task that the rows suit", async () => {
    const output = newFile();
    const keys = { model_name_or_path: model("bert-tokens"), dataset_name: data("tagged"), output };
    expect(await init([...keyed(keys), "--yes"])).toMatchObject({ code: 0 });
    expect(parseRecipe(readFileSync(output, "utf8")).task_type).toBe("TOKEN_CLS");
  });

  test("rows are held back where nothing else scores the run, and they are enough", async () => {
    const percentage = async (dataset_name: string, more: Readonly<Record<string, string>> = {}) => {
      const output = newFile();
      const keys = { model_name_or_path: model("bert"), dataset_name, task_type: "SEQ_CLS", ...more, output };
      expect(await init([...keyed(keys), "--yes"])).toMatchObject({ code: 0 });
      return parseRecipe(readFileSync(output, "utf8")).validation_split_percentage;
    };
    expect(await percentage(data("many"))).toBe(10);
    expect(await percentage(data("many"), { validation_split_percentage: "30" })).toBe(30);
    expect(await percentage(data("labelled"))).toBeUndefined();
    const whole = mkdtempSync(join(folder, "whole-"));
    for (const split of ["train", "test"]) copyFileSync(data("many"), join(whole, `${split}.jsonl`));
    expect(await percentage(whole)).toBeUndefined();
  });

  test("labels that may be values are said", async () => {
    const keys = { model_name_or_path: "embedded", dataset_name: data("numbers"), output: newFile() };
    const { code, stderr, stdout } = await init([...keyed({ ...keys, task_type: "SEQ_CLS" }), "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("note: the labels are ") });
    expect(JSON.parse(stdout).notes).toEqual([expect.stringMatching(/^the labels are \d+ different numbers/)]);
  });

  test("a model that is not there yet is said, and left unchecked", async () => {
    const output = newFile();
    const keys = { model_name_or_path: "some-one/model", dataset_name: data("labelled"), task_type: "SEQ_CLS", output };
    const { code, stderr, stdout } = await init([...keyed(keys), "--json"]);
    expect(code).toBe(0);
    expect(stderr).toContain("hf download some-one/model");
    expect(JSON.parse(stdout)).toMatchObject({ event: "recipe", file: output, method: "lora", notes: [/hf download/] });
  });
});

describe("refusals write nothing", () => {
  const usual = { model_name_or_path: model("bert"), dataset_name: data("labelled"), task_type: "SEQ_CLS" };
  test.each([
    ["what is needed", {}, /expected: --model_name_or_path, --dataset_name, --task_type\n {2}hint: --yes/],
    ["part of what is needed", { dataset_name: "d", task_type: "SEQ_CLS" }, /expected: --model_name_or_path\n/],
    ["an unknown task", { ...usual, task_type: "SEQ" }, /task_type: expected one of SEQ_CLS, TOKEN_CLS, .*got "SEQ"/],
    ["an unknown method", { ...usual, method: "loro" }, /--method: expected one of full, lora/],
    [
      "data that is not there",
      { ...usual, dataset_name: join(folder, "no") },
      /does not exist[\s\S]*holds: .*labelled/,
    ],
    ["a column that is not there", { ...usual, label_column: "lable" }, /no column "lable"[\s\S]*id, text, label/],
    ["labels that cannot be told", { ...usual, dataset_name: data("reviews") }, /--text_column and --label_column/],
    ["rows of another kind", { ...usual, dataset_name: data("tagged") }, /fit TOKEN_CLS \(words with a tag each\)/],
    ["a model for other tasks", { ...usual, task_type: "CAUSAL_LM" }, /bert/],
    ["a method that a task has not", { ...usual, task_type: "MASKED_LM", method: "head" }, /has none/],
  ] as const)("%s", async (_, keys, message) => {
    const output = newFile();
    const { code, stdout, stderr } = await init(keyed({ ...keys, output }));
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect(existsSync(output)).toBe(false);
  });

  test("a file that is there stays, but with --force", async () => {
    const output = newFile();
    writeFileSync(output, "mine");
    const { code, stderr } = await init(keyed({ ...usual, output }));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/already exists[\s\S]*--force/) });
    expect(readFileSync(output, "utf8")).toBe("mine");
    expect(await init([...keyed({ ...usual, output }), "--force"])).toMatchObject({ code: 0 });
    expect(readFileSync(output, "utf8")).toContain("task_type: SEQ_CLS");
  });
});

const [ENTER, DOWN, CTRL_C] = ["\r", "\u001b[B", "\u0003"];

/** Answers each question, told by its words, with keys; the same question again with the next answer for it. */
async function typing(args: readonly string[], answers: readonly (readonly [question: string, ...keys: string[]])[]) {
  const { io, written } = streams({ terminal: true });
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const write = io.stderr.write.bind(io.stderr) as (text: string) => boolean;
  const left = [...answers];
  let shown = "";
  io.stderr.write = ((text: string) => {
    shown += text;
    const [question, ...keys] = left[0] ?? [];
    if (question !== undefined && shown.includes(question)) {
      left.shift();
      shown = "";
      setTimeout(() => void keys.reduce((_, key) => stdin.write(key), true), 5);
    }
    return write(text);
  }) as typeof io.stderr.write;
  const code = await run(["init", ...args], { ...io, stdin });
  return { code, left, ...written };
}

describe("questions on a terminal", () => {
  test("what the flags do not say is asked, and what was found is said", async () => {
    const output = newFile();
    const { code, left, stderr, stdout } = await typing(
      [],
      [
        ["What should the model learn?", ENTER],
        ["Which model?", model("bert"), ENTER],
        ["Which data?", data("no"), ENTER],
        ["Which data?", data("labelled"), ENTER],
        ["Which method?", DOWN, ENTER],
        ["Output folder?", "out/mine", ENTER],
        ["Recipe file?", output, ENTER],
      ],
    );
    expect({ code, left }).toEqual({ code: 0, left: [] });
    expect(stderr).toContain("3 rows to train on; columns id, text, label: texts with a label each");
    expect(stderr).toMatch(/bert, [\d,]+ parameters/);
    expect(stdout).toContain(`npx lowrank plan     ${output}`);
    const recipe = parseRecipe(readFileSync(output, "utf8"));
    expect(recipe).toMatchObject({ task_type: "SEQ_CLS", method: "qlora", output_dir: "out/mine", lora_r: 4 });
  });

  test("how many rows are held back is asked where the data have no validation split", async () => {
    const keys = {
      model_name_or_path: model("bert"),
      dataset_name: data("many"),
      task_type: "SEQ_CLS",
      method: "lora",
    };
    const question = "How many percent of the rows are held back for validation?";
    const written = async (...answers: readonly (readonly [string, ...string[]])[]) => {
      const output = newFile();
      const said = await typing(keyed({ ...keys, output_dir: "out/m", output }), answers);
      expect({ code: said.code, left: said.left }).toEqual({ code: 0, left: [] });
      return { percentage: parseRecipe(readFileSync(output, "utf8")).validation_split_percentage, stderr: said.stderr };
    };
    expect(await written([question, ENTER])).toMatchObject({ percentage: 10 });
    expect(await written([question, "0", ENTER])).toMatchObject({ percentage: undefined });
    const again = await written([question, "half", ENTER], [question, "15 %", ENTER]);
    expect(again).toEqual({ percentage: 15, stderr: expect.stringContaining("from 1 to 99, or 0, got half") });
  });

  test("columns that cannot be told are asked for", async () => {
    const output = newFile();
    const keys = { model_name_or_path: model("bert"), task_type: "SEQ_CLS", method: "lora", output };
    const { code, left } = await typing(keyed({ ...keys, dataset_name: data("reviews"), output_dir: "out/r" }), [
      ["Which column contains the text?", ENTER],
      ["Which column contains the label?", ENTER],
    ]);
    expect({ code, left }).toEqual({ code: 0, left: [] });
    expect(parseRecipe(readFileSync(output, "utf8"))).toMatchObject({ text_column: "body", label_column: "stars" });
  });

  test("a file that is there is overwritten only when that is said", async () => {
    const output = newFile();
    writeFileSync(output, "mine");
    const keys = { model_name_or_path: model("bert"), dataset_name: data("labelled"), task_type: "SEQ_CLS" };
    const all = keyed({ ...keys, method: "lora", output_dir: "out/o", output });
    expect(await typing(all, [["Overwrite it?", ENTER]])).toMatchObject({ code: 2, left: [] });
    expect(readFileSync(output, "utf8")).toBe("mine");
    expect(await typing(all, [["Overwrite it?", "y"]])).toMatchObject({ code: 0, left: [] });
    expect(readFileSync(output, "utf8")).toContain("task_type: SEQ_CLS");
  });

  test("Ctrl-C at any question leaves nothing behind", async () => {
    const before = readdirSync(folder);
    const keys = { model_name_or_path: model("bert"), dataset_name: data("labelled"), output: newFile() };
    for (const question of ["What should the model learn?", "Which method?", "Output folder?"]) {
      const flags = { ...keys, ...(question.startsWith("What") ? {} : { task_type: "SEQ_CLS" }) };
      const method = question.startsWith("Output") ? { method: "lora" } : {};
      const { code, left, stderr } = await typing(keyed({ ...flags, ...method }), [[question, CTRL_C]]);
      expect({ code, left }).toEqual({ code: 130, left: [] });
      expect(stderr).toContain("no recipe was written.");
    }
    expect(readdirSync(folder)).toEqual(before);
  });
});
