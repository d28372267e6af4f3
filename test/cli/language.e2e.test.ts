import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "lowrank-language-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base = join(folder, "base");
cpSync(join(import.meta.dirname, "../parity/fixtures/causal/llama"), base, { recursive: true });
writeFileSync(
  join(base, "chat_template.jinja"),
  "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
);
const rows = [
  { prompt: "Which law?", completion: " Delaware" },
  { prompt: "Which end?", completion: " notice" },
];
writeFileSync(join(folder, "train.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
writeFileSync(
  join(folder, "recipe.yaml"),
  `model_name_or_path: ${base}
dataset_name: ${folder}/train.jsonl
output_dir: ${folder}/out
task_type: CAUSAL_LM
lora_target_modules: all-linear
lora_dropout: 0
learning_rate: 2e-2
num_train_epochs: 40
`,
);

function lowrank(args: readonly string[], stdin = ""): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    input: stdin,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}
const adapter = ["--adapter_name_or_path", join(folder, "out")];

test("what trains is shown, trained, generated, merged and exported", () => {
  const shown = lowrank(["inspect", "recipe.yaml", "--data"]);
  expect(shown.stdout).toMatch(/\[<s>\]\[W\].*\] ?D?.*elaware<\/s>/); // in brackets: not trained

  const trained = lowrank(["train", "recipe.yaml", "--json", "--quiet"]);
  expect(trained).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(readFileSync(join(folder, "out/adapter_config.json"), "utf8"))).toMatchObject({
    task_type: "CAUSAL_LM",
  });

  const { stdout } = lowrank(["generate", ...adapter, "Which law?", "Which end?"]);
  expect(stdout).toBe(" Delaware\n notice\n");
  const [record] = lowrank(["generate", ...adapter, "Which law?", "--json"])
    .stdout.trim()
    .split("\n");
  expect(JSON.parse(record ?? "")).toMatchObject({ prompt: "Which law?", text: " Delaware", reason: "eos" });

  const merged = lowrank(["merge", ...adapter, "--out", "merged"]);
  expect(merged.code).toBe(0);
  expect(merged.stdout).toMatch(
    /^merged: safetensors, read back; logits differ from the original's by at most \d\.\de-\d+\n$/,
  );
  expect(lowrank(["generate", "--model_name_or_path", "merged", "Which law?"]).stdout).toBe(" Delaware\n");

  const onnx = lowrank(["export", "--format", "onnx", "--adapter-inputs", "required", ...adapter, "--out", "onnx"]);
  expect(onnx.stdout).toMatch(/^onnx: onnx, read back; logits differ from the original's by at most \d\.\de-\d+\n$/);
  expect(existsSync(join(folder, "onnx/onnx/adapter.safetensors"))).toBe(true);
  expect(lowrank(["export", "--format", "mlx", ...adapter, "--out", "mlx"]).code).toBe(0);
  expect(existsSync(join(folder, "mlx/adapters.safetensors"))).toBe(true);
});

test("a conversation goes on line by line, and changes its adapter", () => {
  const said = lowrank(
    ["chat", "--model_name_or_path", base, "--max_new_tokens", "4", "--json"],
    `hello\n/adapter ${folder}/out\nhello\n/adapter nowhere\n/reset\nhello\n/exit\nnever\n`,
  );
  expect(said.code).toBe(0);
  const answers = said.stdout.trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  expect(answers).toHaveLength(3);
  expect(answers[1].prompt_tokens).toBeGreaterThan(answers[0].prompt_tokens); // the second question has the first before it
  expect(answers[2].prompt_tokens).toBe(answers[0].prompt_tokens);
  expect(said.stderr).toMatch(/nowhere/);
});

test("what cannot be generated or exported is refused", () => {
  const bert = join(import.meta.dirname, "../parity/fixtures/bert");
  expect(lowrank(["generate", "--model_name_or_path", bert, "x"])).toMatchObject({
    code: 2,
    stderr:
      `the model was trained for task_type SEQ_CLS, not CAUSAL_LM\n  at: ${bert}\n` +
      "  expected: an adapter or a model for CAUSAL_LM\n  hint: use npx lowrank predict for a classifier.\n",
  });
  expect(lowrank(["generate", "--model_name_or_path", base, "x", "--top_p", "2"])).toMatchObject({
    code: 2,
    stderr: "--top_p 2 is out of range.\n  at: --top_p\n  expected: above 0, at most 1\n",
  });
  expect(lowrank(["export", "--model_name_or_path", base, "--format", "onyx", "--out", "x"])).toMatchObject({
    code: 2,
    stderr: "--format onyx is not known.\n  at: --format\n  expected: peft, safetensors, onnx, gguf, mlx\n",
  });
  expect(lowrank(["merge", "--out", "x"]).stderr).toMatch(/^merge needs an adapter\./);
});
