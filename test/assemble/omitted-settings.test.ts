import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../../src/errors.ts";
import { generationEnds, turnEnd } from "../../src/prepared/end-ids.ts";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { changedModel, copyOf, fixture, readJson, rowsOf, runHere, temporary } from "../running.ts";

const write = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value));
const edit = (path: string, change: (value: Record<string, unknown>) => unknown): void => write(path, change(readJson(path))); // biome-ignore format: one line

const TEXTS = ["The supplier may end this agreement with notice.", "Either party pays."];

async function labelsOf(model: string, adapter?: string): Promise<unknown[]> {
  const found: unknown[] = [];
  const source = { model, ...(adapter !== undefined && { adapter }) };
  for await (const prediction of predict({ ...source, texts: TEXTS })) found.push(prediction);
  return found;
}

describe("a padding token that was added to the tokenizer alone", () => {
  /** The tiny model with a padding token whose id is the size of the vocabulary. */
  function padded(folder: string): string {
    const { vocab_size } = readJson(`${folder}/config.json`) as { vocab_size: number };
    const token = { id: vocab_size, content: "[NEW PAD]", special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }; // biome-ignore format: one token
    edit(`${folder}/tokenizer.json`, (file) => ({
      ...file,
      added_tokens: [...(file.added_tokens as unknown[]), token],
    }));
    edit(`${folder}/tokenizer_config.json`, (file) => ({ ...file, pad_token: "[NEW PAD]" }));
    return folder;
  }

  test("changes no prediction, and trains", async () => {
    const folder = padded(await changedModel());
    expect(await labelsOf(folder)).toEqual(await labelsOf(fixture("bert")));
    const keys = { max_steps: 2, output_dir: temporary(), lora_dropout: 0 };
    const losses = async (model: string): Promise<unknown> => {
      const { events } = await runHere(
        { ...keys, model_name_or_path: model, output_dir: temporary() },
        { rows: rowsOf() },
      );
      return events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
    };
    expect(await losses(folder)).toEqual(await losses(fixture("bert")));
  });

  test("is refused where a text holds it", async () => {
    const generator = await TextGenerator.open({ model: padded(copyOf("causal/llama")) });
    await expect(generator.generate("This [NEW PAD] agreement").next()).rejects.toThrow(TokenizerError);
    expect((await generator.generate("This agreement", { maxNewTokens: 2 }).next()).done).toBe(false);
    await generator.close();
  });
});

test("a classifier whose config leaves out id2label has LABEL_0, LABEL_1, …", async () => {
  const { id2label, label2id, ...rest } = readJson(`${fixture("bert")}/config.json`);
  const folder = await changedModel(() => rest);
  const named = (await labelsOf(fixture("bert"))) as { label: string; score: number }[];
  const names = Object.values(id2label as Record<string, string>);
  const found = (await labelsOf(folder)) as { label: string; score: number }[];
  expect(found.map(({ label }) => label)).toEqual(named.map(({ label }) => `LABEL_${names.indexOf(label)}`));
  expect(found.map(({ score }) => score)).toEqual(named.map(({ score }) => score));
});

test("so has an adapter without names of its own over a base without them", async () => {
  const { id2label, label2id, ...rest } = readJson(`${fixture("bert")}/config.json`);
  const base = await changedModel(() => rest);
  const adapter = fixture("bert/adapters/lora");
  const names = Object.values(id2label as Record<string, string>);
  const named = (await labelsOf(fixture("bert"), adapter)) as { label: string }[];
  const found = (await labelsOf(base, adapter)) as { label: string }[];
  expect(found.map(({ label }) => label)).toEqual(named.map(({ label }) => `LABEL_${names.indexOf(label)}`));
});

describe("text ends at each token that", () => {
  test.each([
    ["generation_config.json lists", (id: number) => ["generation_config.json", { eos_token_id: [1, id] }]],
    ["generation_config.json names", (id: number) => ["generation_config.json", { eos_token_id: id }]],
    [
      "config.json lists",
      (id: number) => ["config.json", { ...readJson(`${fixture("causal/llama")}/config.json`), eos_token_id: [1, id] }],
    ],
  ] as [string, (id: number) => [string, object]][])("%s", async (_, change) => {
    const folder = copyOf("causal/llama");
    const open = async (): Promise<{ text: string; reason: string }> => {
      const generator = await TextGenerator.open({ model: folder });
      const generated = generator.generate("This agreement", { maxNewTokens: 12 });
      for (;;) {
        const { done, value } = await generated.next();
        if (!done) continue;
        await generator.close();
        return value;
      }
    };
    const long = await open();
    expect(long.reason).toBe("length");
    const ids = (await import("../../src/tokenizer/tokenizer.ts")).loadTokenizer(folder).then((tokenizer: Tokenizer) => tokenizer.encodePlain(`This agreement${long.text}`)); // biome-ignore format: one step
    const last = (await ids).at(-1)!;
    const [file, content] = change(last);
    write(`${folder}/${file}`, content);
    const short = await open();
    expect(short.reason).toBe("eos");
    expect(long.text.startsWith(short.text)).toBe(true);
  });

  test("a chat template ends an answer with", () => {
    const tokenizer = { added: new Set([7]), encodePlain: (text: string) => (text.startsWith("<end>") ? [7, 3] : [3]) };
    const render = (end: string) => (messages: readonly { role: string; content: string }[]) =>
      messages.map(({ role, content }) => `${role}: ${content}${end}\n`).join("");
    expect(turnEnd(tokenizer as unknown as Tokenizer, render("<end>") as never)).toBe(7);
    expect(turnEnd(tokenizer as unknown as Tokenizer, render("") as never)).toBeUndefined();
  });

  test("an eos_token_id that is no id is refused, with the file", async () => {
    const folder = temporary();
    expect(await generationEnds(folder)).toEqual([]);
    for (const eos_token_id of ["</s>", -1, [1, 2.5], {}]) {
      write(`${folder}/generation_config.json`, { eos_token_id });
      await expect(generationEnds(folder)).rejects.toThrow(`${folder}/generation_config.json: eos_token_id`);
    }
    for (const eos_token_id of [null, [], [3, 4]]) {
      write(`${folder}/generation_config.json`, { eos_token_id });
      expect(await generationEnds(folder)).toEqual(eos_token_id ?? []);
    }
  });
});
