import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { copyOf, fixture, runHere, temporary, tensorsOf } from "../running.ts";

const BASE = fixture("causal/llama");
const rows = { train: [{ text: "This agreement is governed by the laws of Delaware." }] };

const adapter = temporary();
const keys = {
  model_name_or_path: BASE,
  task_type: "CAUSAL_LM",
  max_steps: 60,
  learning_rate: 3e-2,
  lora_dropout: 0,
  lora_target_modules: "all-linear",
};
await runHere({ ...keys, output_dir: adapter }, { rows });

const generator = await TextGenerator.open({ model: BASE });
afterAll(() => generator.close());

async function textOf(from: TextGenerator, ...args: Parameters<TextGenerator["generate"]>) {
  const parts: string[] = [];
  const generated = from.generate(...args);
  for (;;) {
    const { done, value } = await generated.next();
    if (done) return { ...value, parts };
    parts.push(value);
  }
}

describe("generated text", () => {
  test("comes in parts that make up the whole, the same each time", async () => {
    const first = await textOf(generator, "This agreement", { maxNewTokens: 12 });
    expect(first.parts.join("")).toBe(first.text);
    expect(first.newTokens).toBe(12);
    expect(first.reason).toBe("length");
    expect((await textOf(generator, "This agreement", { maxNewTokens: 12 })).text).toBe(first.text);
  });

  test("goes on from what was read: a longer prompt that it wrote itself leads to the same text", async () => {
    const whole = await textOf(generator, "Payment is", { maxNewTokens: 10 });
    const fresh = await TextGenerator.open({ model: BASE });
    const begun = await textOf(fresh, "Payment is", { maxNewTokens: 4 });
    expect(whole.text.startsWith(begun.text)).toBe(true);
    await fresh.close();
  });

  test("is drawn by seed", async () => {
    const draw = (seed: number) => textOf(generator, "Payment is", { maxNewTokens: 10, temperature: 2, seed });
    expect((await draw(1)).text).toBe((await draw(1)).text);
    expect((await draw(1)).text).not.toBe((await draw(2)).text);
  });

  test("ends before a stop string", async () => {
    const { text } = await textOf(generator, "This agreement", { maxNewTokens: 12 });
    const stop = text.slice(3, 6);
    const cut = await textOf(generator, "This agreement", { maxNewTokens: 12, stop: [stop] });
    expect(cut).toMatchObject({ text: text.slice(0, text.indexOf(stop)), reason: "stop" });
  });

  test("ends at the end-of-text token that training taught", async () => {
    await generator.use(adapter);
    const { text, reason } = await textOf(generator, "This agreement", { maxNewTokens: 40 });
    expect({ text, reason }).toEqual({ text: " is governed by the laws of Delaware.", reason: "eos" });
  });

  test("adapters come and go on one base", async () => {
    await generator.use(undefined);
    const base = await textOf(generator, "This agreement", { maxNewTokens: 12 });
    await generator.use(adapter);
    const tuned = await textOf(generator, "This agreement", { maxNewTokens: 12 });
    expect(tuned.text).not.toBe(base.text);
    await generator.use(undefined);
    expect((await textOf(generator, "This agreement", { maxNewTokens: 12 })).text).toBe(base.text);
  });

  test("stops when told to", async () => {
    const controller = new AbortController();
    const parts = generator.generate("This agreement", { maxNewTokens: 100, signal: controller.signal });
    await parts.next();
    controller.abort();
    for (;;) {
      const { done, value } = await parts.next();
      if (!done) continue;
      expect(value.reason).toBe("aborted");
      break;
    }
  });
});

describe("refused", () => {
  test("neither a model nor an adapter", () =>
    expect(TextGenerator.open({})).rejects.toThrow("a model or an adapter is needed"));

  test("an encoder", async () => {
    await expect(TextGenerator.open({ model: fixture("bert") })).rejects.toThrow(
      /trained for task_type SEQ_CLS, not CAUSAL/,
    );
    await expect(TextGenerator.open({ model: fixture("bert-bare") })).rejects.toThrow(/bert has no head for CAUSAL_LM/);
  });

  test("a conversation with a model that has no chat template", () =>
    expect(textOf(generator, [{ role: "user", content: "hello" }])).rejects.toThrow(/no chat template/));
});

test("a conversation is rendered by the model's own template", async () => {
  const model = await copyOf("causal/llama");
  writeFileSync(
    `${model}/chat_template.jinja`,
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
  );
  const chatting = await TextGenerator.open({ model });
  expect(chatting.render([{ role: "user", content: "hello" }])).toBe("[user]hello[assistant]");
  expect((await textOf(chatting, [{ role: "user", content: "hello" }], { maxNewTokens: 3 })).newTokens).toBe(3);
  await chatting.close();
});

test("logits that are not finite end the text", async () => {
  const model = await copyOf("causal/llama");
  const file = `${model}/model.safetensors`;
  const tensors = [...(await tensorsOf(file))].map(([name, { shape, data }]) => {
    const norm = name === "model.norm.weight";
    return [name, { shape, data: norm ? data.map(() => 3e38) : data }] as const;
  });
  await writeTensors(file, tensors);
  const damaged = await TextGenerator.open({ model });
  await expect(textOf(damaged, "This agreement")).rejects.toThrow(
    /^the logits after \d+ tokens contain (NaN|-?Infinity)\./,
  );
  await damaged.close();
});
