import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { writeTensors } from "../../src/formats/safetensors/tensors.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { copyOf, readJson, runHere, temporary, tensorsOf } from "../running.ts";

/** A tiny Llama that config.json ties, with an output layer in its file. @param by Times the embedding. */
async function tied(by: number): Promise<string> {
  const folder = copyOf("causal/llama");
  const config = readJson(`${folder}/config.json`);
  writeFileSync(`${folder}/config.json`, JSON.stringify({ ...config, tie_word_embeddings: true }));
  const tensors = await tensorsOf(`${folder}/model.safetensors`);
  const { shape, data } = tensors.get("model.embed_tokens.weight")!;
  tensors.set("lm_head.weight", { shape, data: data.map((x, i) => (i % 3 === 0 ? by * x : x)) });
  await writeTensors(`${folder}/model.safetensors`, tensors);
  return folder;
}

/** The same model, untied. */
async function untied(folder: string): Promise<string> {
  const copy = temporary();
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) writeFileSync(`${copy}/${file}`, JSON.stringify(readJson(`${folder}/${file}`))); // biome-ignore format: one step
  writeFileSync(`${copy}/config.json`, JSON.stringify({ ...readJson(`${folder}/config.json`), tie_word_embeddings: false })); // biome-ignore format: one step
  await writeTensors(`${copy}/model.safetensors`, await tensorsOf(`${folder}/model.safetensors`));
  return copy;
}

async function textOf(model: string): Promise<string> {
  const generator = await TextGenerator.open({ model });
  let text = "";
  for await (const part of generator.generate("This agreement", { maxNewTokens: 12 })) text += part;
  await generator.close();
  return text;
}

const rows = { train: [{ text: "This agreement is governed by the laws of Delaware." }] };
async function trained(model: string, output_dir = temporary()) {
  const keys = { model_name_or_path: model, task_type: "CAUSAL_LM", max_steps: 2, lora_dropout: 0, method: "full" };
  const { events } = await runHere({ ...keys, output_dir }, { rows });
  const losses = events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
  return { losses, warnings: events.flatMap((event) => (event.kind === "warning" ? [event.message] : [])) };
}

test("an output layer that differs from the embedding it is tied to is kept, with a warning", async () => {
  const folder = await tied(-2);
  const apart = await untied(folder);
  expect(await textOf(folder)).toBe(await textOf(apart));
  const output = temporary();
  const { losses, warnings } = await trained(folder, output);
  expect(losses).toEqual((await trained(apart)).losses);
  expect(warnings.join()).toContain("both are used");
  expect(readJson(`${output}/config.json`).tie_word_embeddings).toBe(false);
});

test("an output layer that equals the embedding stays tied", async () => {
  const output = temporary();
  const { warnings } = await trained(await tied(1), output);
  expect(warnings.join()).not.toContain("both are used");
  expect(readJson(`${output}/config.json`).tie_word_embeddings).toBe(true);
});
