import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase } from "../../src/assemble/prepare.ts";
import { RecipeError, TokenizerError } from "../../src/errors.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { copyOf, fixture, type Keys, readJson, recipeOf, runHere, temporary } from "../running.ts";

const TEMPLATE =
  "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
const MESSAGES = [{ role: "user", content: "hello" }];
const rows = { train: [{ messages: [...MESSAGES, { role: "assistant", content: "good day" }] }] };
const keys: Keys = { model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM", max_steps: 1 };
const templateFile = (): string => {
  const file = `${temporary()}/my.jinja`;
  writeFileSync(file, TEMPLATE);
  return file;
};
const templateOf = async (more: Keys): Promise<string | undefined> =>
  (await openBase(resolveRecipe(recipeOf({ ...keys, ...more })))).tokenizer.chatTemplate;

describe("chat_template", () => {
  test("a file: conversations train with it, and it goes with the adapter", async () => {
    await expect(runHere(keys, { rows })).rejects.toThrow("no chat template");
    const [chat_template, output_dir] = [templateFile(), temporary()];
    await runHere({ ...keys, chat_template, output_dir }, { rows });
    expect(readFileSync(`${output_dir}/chat_template.jinja`, "utf8")).toBe(TEMPLATE);
    renameSync(chat_template, `${chat_template}.gone`);
    const generator = await TextGenerator.open({ adapter: output_dir });
    expect(generator.render(MESSAGES)).toBe("[user]hello[assistant]");
    await generator.close();
  });

  test("a folder with a tokenizer", async () => {
    const chat_template = await copyOf("causal/llama");
    await expect(templateOf({ chat_template })).rejects.toThrow(RecipeError);
    writeFileSync(`${chat_template}/chat_template.jinja`, TEMPLATE);
    expect(await templateOf({ chat_template })).toBe(TEMPLATE);
  });

  test("one of the model's own, by name", async () => {
    const model = await copyOf("causal/llama");
    const file = `${model}/tokenizer_config.json`;
    const chat_template = [
      { name: "default", template: "plain" },
      { name: "tool_use", template: "with tools" },
    ];
    writeFileSync(file, JSON.stringify({ ...readJson(file), chat_template }));
    const own = { model_name_or_path: model };
    expect(await templateOf(own)).toBe("plain");
    expect(await templateOf({ ...own, chat_template: "tool_use" })).toBe("with tools");
    await expect(templateOf({ ...own, chat_template: "tools" })).rejects.toThrow(
      /^there is no chat template tools\.\n.*chat_template\n.*\(default, tool_use\)/,
    );
  });

  test("is checked before anything is written", async () => {
    const [chat_template, output_dir] = [templateFile(), `${temporary()}/out`];
    writeFileSync(chat_template, "{% for m in %}");
    const run = runHere({ ...keys, chat_template, output_dir }, { rows });
    await expect(run).rejects.toThrow(TokenizerError);
    expect(existsSync(output_dir)).toBe(false);
  });
});
