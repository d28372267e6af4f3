import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const FIXTURES = join(import.meta.dirname, "../parity/fixtures");

const folder = mkdtempSync(join(tmpdir(), "lowrank-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const RECIPE = join(folder, "recipe.yaml");
writeFileSync(
  RECIPE,
  `model_name_or_path: ${FIXTURES}/bert
dataset_name: ${FIXTURES}/data
output_dir: ${folder}/out
max_steps: 3
lora_r: 2
`,
);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as it ships; `onLine` sees each line of stdout as it comes. */
async function lowrank(
  command: string,
  {
    stdin = "",
    onLine,
  }: { stdin?: string; onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...command.split(" ")], { cwd: folder });
  const ended = once(child, "close");
  child.stdin.end(stdin);
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (text) => (stderr += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout += `${line}\n`;
    onLine?.(line, (signal) => child.kill(signal));
  });
  const [code] = (await ended) as [number | null];
  return { code, stdout, stderr };
}

const objects = (ndjson: string): Record<string, unknown>[] =>
  ndjson.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)); // biome-ignore format: a chain

const read = (path: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder, path), "utf8"));

describe("a trained adapter", () => {
  test("train writes it; evaluate and predict find all they need in its folder", async () => {
    const trained = await lowrank(`train ${RECIPE} --json --quiet --learning-rate 0.01`);
    expect(trained).toMatchObject({ code: 0, stderr: "" });
    const events = objects(trained.stdout);
    expect(events.map(({ event }) => event)).toEqual(["start", "step", "step", "step", "eval", "done"]);

    const evaluated = await lowrank(`evaluate ${RECIPE} --adapter_name_or_path out --json`);
    expect(objects(evaluated.stdout)).toEqual([{ event: "eval", ...read("out/eval_results.json") }]);

    const predicted = await lowrank("predict --adapter_name_or_path out", { stdin: "state law\n\npay the fee\n" });
    expect(predicted.code).toBe(0);
    expect(objects(predicted.stdout).map(({ text }) => text)).toEqual(["state law", "pay the fee"]);
    expect(objects(predicted.stdout)[0]).toHaveProperty("probabilities.liability");
  });
});

describe("plan and inspect", () => {
  test("say what a run would take and do, and write nothing", async () => {
    const before = readdirSync(folder);
    const [plan] = objects((await lowrank(`plan ${RECIPE} --json --output_dir unwritten`)).stdout);
    expect(plan).toMatchObject({ event: "plan", method: "lora", steps: 3, trainable_parameters: 3 * 2 * 2 * 64 + 165 });
    const shown = await lowrank(`inspect ${RECIPE} --data --output_dir unwritten`);
    expect(shown.stdout).toMatch(/^● +query +Linear +32 × 32 +1,056 +128$/m);
    expect(shown.stdout).toContain("governing law  [CLS] statute agreement");
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("compare", () => {
  test("runs each method and seed by itself, and reports on all", async () => {
    const { code, stdout } = await lowrank(
      `compare ${RECIPE} --methods full,qlora,gradual --seeds 0,1 --json --quiet --output_dir cmp`,
    );
    expect(code).toBe(0);
    const lines = objects(stdout);
    const rows = lines.filter(({ event }) => event === "row").map(({ event: _, ...row }) => row);
    expect(rows.map(({ method, seed }) => `${method} ${seed}`)).toEqual(
      ["full", "qlora", "gradual"].flatMap((method) => [`${method} 0`, `${method} 1`]),
    );
    expect(lines.at(-1)).toMatchObject({ event: "done" });
    expect(read("cmp/comparison.json")).toMatchObject({ recipe: { lora_r: 2, max_steps: 3 }, rows });
    expect(Object.keys(rows[0]!)).toEqual([
      "method", "seed", "trainable_parameters", "total_parameters", "trainable_percent", "peak_rss_bytes", "memory_bytes",
      "train_seconds", "tokens_per_second", "saved_bytes", "micro_f1", "macro_f1", "micro_f1_interval", "macro_f1_interval",
    ]); // biome-ignore format: a table
    const [low, high] = rows[0]!.micro_f1_interval as [number, number];
    expect(rows[0]!.micro_f1).toBe(read("cmp/full-0/eval_results.json").eval_micro_f1);
    expect(rows[0]!.micro_f1).toBeGreaterThanOrEqual(low);
    expect(rows[0]!.micro_f1).toBeLessThanOrEqual(high);
    expect(rows[0]!.saved_bytes).toBe(readFileSync(join(folder, "cmp/full-0/model.safetensors")).length);
    expect(readFileSync(join(folder, "cmp/comparison.md"), "utf8")).toContain("## Means over 2 seeds");
    expect(readFileSync(join(folder, "cmp/comparison.svg"), "utf8")).toMatch(/^<svg /);
    expect(readFileSync(join(folder, "cmp/gradual-0/recipe.yaml"), "utf8")).toContain("unfreeze_schedule: gradual");
  }, 120_000);

  test("refuses at once what the second method cannot do", async () => {
    const { code, stderr } = await lowrank(
      `compare ${RECIPE} --methods full,lora --lora_target_modules qeury --output_dir no`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain("lora_target_modules qeury matched none");
    expect(stderr).toContain('["query"] or ');
    expect(existsSync(join(folder, "no"))).toBe(false);
  });

  test("passes on the error of a run, and its exit code", async () => {
    const { code, stdout } = await lowrank(
      `compare ${RECIPE} --methods full --learning_rate 1e30 --max_grad_norm 0 --json --quiet --output_dir diverged`,
    );
    expect(code).toBe(3);
    const error = objects(stdout).at(-1);
    expect(error).toMatchObject({ event: "error", code: "E_DIVERGED", exit_code: 3 });
    expect(error?.message).toMatch(/diverged.*run: method full, seed 0$/s);
  });
});

describe("Ctrl-C", () => {
  const long = "--max_steps 100000 --json --quiet";

  /** Sends the signal once the third step is done. */
  const interrupting = (signal: NodeJS.Signals) => ({
    onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => {
      if (line.includes('"step":3,')) kill(signal);
    },
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s finishes the step, writes a checkpoint and ends with %i", async (signal, code) => {
    const out = `stopped-${signal}`;
    const ended = await lowrank(`train ${RECIPE} ${long} --output_dir ${out}`, interrupting(signal));
    expect(ended.code).toBe(code);
    expect(objects(ended.stdout).at(-1)).toMatchObject({ event: "error", code: "E_INTERRUPTED" });
    const [checkpoint] = readdirSync(join(folder, out)).filter((name) => name.startsWith("checkpoint-"));
    expect(readdirSync(join(folder, out, checkpoint!))).toContain("optimizer.safetensors");
  });

  test("reaches the run of a comparison once, and its checkpoint is written", async () => {
    const ended = await lowrank(
      `compare ${RECIPE} --methods lora,full ${long} --output_dir stopped`,
      interrupting("SIGINT"),
    );
    expect(ended.code).toBe(130);
    expect(objects(ended.stdout).at(-1)?.message).toMatch(/^stopped after step \d+ of 100000/);
    expect(readdirSync(join(folder, "stopped"))).toEqual(["lora"]);
    expect(readdirSync(join(folder, "stopped/lora")).some((name) => name.startsWith("checkpoint-"))).toBe(true);
  });
});

test("env tries the execution providers", async () => {
  const [facts] = objects((await lowrank("env --json")).stdout);
  expect(facts).toMatchObject({ event: "env", node: process.versions.node });
  expect(facts?.execution_providers).toContain("cpu");
  expect(facts?.memory_bytes).toBeGreaterThan(1e8);
});
