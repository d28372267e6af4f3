import { afterEach, describe, expect, test, vi } from "vitest";
import { evaluationTable } from "../../src/cli/commands/evaluate.ts";
import { run } from "../../src/cli/run.ts";
import { METHODS } from "../../src/methods/keys/index.ts";
import { streams } from "./streams.ts";

vi.mock("../../src/cli/library/index.ts", () => import("./library.ts"));
afterEach(() => vi.restoreAllMocks());

async function lowrank(command: string, given: Parameters<typeof streams>[0] = {}) {
  const { io, written } = streams(given);
  const code = await run(command === "" ? [] : command.split(" "), io);
  return { code, ...written };
}

const objects = (ndjson: string): Record<string, unknown>[] =>
  ndjson
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("train", () => {
  test("tells the run on stderr and nothing on stdout", async () => {
    const { code, stdout, stderr } = await lowrank("train r.yaml");
    expect(code).toBe(0);
    expect(stdout).toBe("");
    expect(stderr.replace(/ {2}ETA.*/g, "")).toMatchInlineSnapshot(`
      "lora on embedded (SEQ_CLS, cpu)
        trainable  921,600 of 135,436,608 parameters (0.68 %)
        data       1,200 examples, 3 epochs
        steps      2, 8 examples each
        output     out
      step 1/2  epoch 0.50  loss 2.9000  1,500 tokens/s
      step 2/2  epoch 1.00  loss 1.4500  1,500 tokens/s
      warning: 3 rows had no text
      eval at step 2  loss 0.3100, macro_f1 0.8000
      saved out/checkpoint-2
      done in 2m 13s  2 steps, 1,500 tokens/s, peak memory 1.23 GB (planned 1.2 GB)
      "
    `);
  });

  test("--json gives the events as NDJSON, with the names of metrics.jsonl", async () => {
    const { code, stdout, stderr } = await lowrank("train r.yaml --json --learning-rate 1e-4");
    expect(code).toBe(0);
    expect(objects(stdout).map(({ event }) => event)).toEqual([
      "start",
      "step",
      "step",
      "warning",
      "eval",
      "save",
      "done",
    ]);
    expect(objects(stdout)[1]).toEqual({
      event: "step",
      step: 1,
      epoch: 0.5,
      loss: 2.9,
      learning_rate: 1e-4,
      grad_norm: 0.8,
      num_tokens: 1180,
      tokens_per_second: 1500.4,
      rss_bytes: 5e8,
    });
    expect(stderr).toContain("lora on embedded");
  });

  test("says where a recipe was found that no argument names", async () => {
    expect((await lowrank("train")).stderr).toMatch(/^recipe: recipe\.yaml in this folder\nlora on embedded/);
    expect((await lowrank("train --quiet")).stderr).toBe("warning: 3 rows had no text\n");
  });

  test("--quiet says only the warning", async () => {
    expect(await lowrank("train r.yaml --quiet")).toEqual({
      code: 0,
      stdout: "",
      stderr: "warning: 3 rows had no text\n",
    });
  });

  test("draws a bar on a terminal, with loss, speed and what is left", async () => {
    const { stderr } = await lowrank("train r.yaml", { terminal: true });
    expect(stderr).toContain("━");
    expect(stderr).toContain("loss 1.4500  1,500 tokens/s  ETA");
    expect(stderr).toContain("\u001b[33mwarning: 3 rows had no text\u001b[39m");
  });

  test("says once how many rows are tokenized, where that takes a while", async () => {
    const { stderr } = await lowrank("train r.yaml --seed 16");
    expect(stderr).toMatch(/^tokenizing 1,200 rows\ntokenizing 100 rows\nlora on embedded/);
  });

  test("draws a bar of the rows on a terminal, until the run begins", async () => {
    const { stderr } = await lowrank("train r.yaml --seed 16", { terminal: true });
    expect(stderr).toContain("1100/1200 rows  ETA");
    expect(stderr).toContain("90/100 rows  ETA");
    expect(stderr).not.toContain("80/90 rows");
    expect(stderr.lastIndexOf("rows  ETA")).toBeLessThan(stderr.indexOf("lora"));
  });

  test("--dry-run is plan", async () => {
    expect(await lowrank("train r.yaml --dry-run --method head")).toEqual(await lowrank("plan r.yaml --method head"));
  });

  test("SIGTERM lets the step finish and makes the exit code 143", async () => {
    const { code, stdout, stderr } = await lowrank("train r.yaml --json --seed 15");
    expect(code).toBe(143);
    expect(objects(stdout).map(({ event }) => event)).toEqual(["start", "step", "step"]);
    expect(stderr).toContain("SIGTERM: finishing this step and saving; press Ctrl-C again to quit at once.");
    expect(process.listenerCount("SIGTERM")).toBe(0);
  });
});

describe("what was asked for goes to stdout", () => {
  test.each([
    ["compare r.yaml --methods full,lora --seeds 0,1"],
    ["evaluate r.yaml --adapter-name-or-path out"],
    ["plan r.yaml"],
    ["inspect r.yaml --data"],
    ["env"],
  ])("%s", async (command) => {
    const { code, stdout } = await lowrank(command);
    expect(code).toBe(0);
    expect(stdout).toMatchSnapshot();
  });

  test.each([
    ["compare r.yaml --methods lora", ["warning", "row", "done"]],
    ["evaluate r.yaml", ["eval"]],
    ["plan r.yaml", ["plan"]],
    ["inspect r.yaml --data", ["module", "module", "example"]],
    ["env", ["env"]],
  ])("as NDJSON: %s", async (command, events) => {
    const { stdout } = await lowrank(`${command} --json`);
    expect(objects(stdout).map(({ event }) => event)).toEqual(events);
  });

  test("evaluate says where the report lies, on stderr, and with --json too", async () => {
    for (const form of ["", " --json"]) {
      const { stdout, stderr } = await lowrank(`evaluate r.yaml --adapter_name_or_path out${form}`);
      expect(stderr).toBe("report, with the worst examples: out/evaluation.md\n");
      expect(stdout).not.toContain("evaluation.md");
    }
    expect((await lowrank("evaluate r.yaml")).stderr).toBe("");
  });

  test("of many classes the worst are shown, those without examples last, and that is said", () => {
    const classes = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`c${i}`, { precision: 1, recall: 1, f1: i < 2 ? 0 : 1 - i / 100, support: i === 1 ? 0 : 5 }]), // biome-ignore format: one class
    );
    const lines = evaluationTable({ eval_loss: 1, eval_samples: 25, eval_per_class: classes }).split("\n");
    expect(lines.filter((line) => /^c\d/.test(line)).map((line) => line.split(" ")[0])).toEqual(
      [0, ...Array.from({ length: 19 }, (_, i) => 24 - i)].map((i) => `c${i}`),
    );
    expect(lines.at(-1)).toBe("These are the 20 of 25 classes with the lowest F1.");
  });

  test("a comparison's events say whose they are", async () => {
    const [event, row] = objects((await lowrank("compare r.yaml --methods qlora --seeds 3 --json")).stdout);
    expect(event).toEqual({ event: "warning", message: "slow disk", method: "qlora", seed: 3 });
    expect(row).toMatchObject({
      event: "row",
      method: "qlora",
      micro_f1_interval: [0.88, 0.93],
      peak_rss_bytes: 1.2e9,
    });
  });
});

describe("demo", () => {
  test("ends with a table, what was forgotten, what the adapter says, and what to type next", async () => {
    const { code, stdout, stderr } = await lowrank("demo --quick --output-dir mine");
    expect(code).toBe(0);
    expect(stdout).toMatchSnapshot();
    expect(stderr).toMatch(
      /^Which kind of provision is this\?[\s\S]*Nothing is downloaded\.\nThree methods, one epoch[\s\S]*\n\nwarning: slow disk\n/,
    );
  });

  test("tells programs the same", async () => {
    const events = objects((await lowrank("demo --json --quiet")).stdout);
    expect(events.map(({ event }) => event)).toEqual([...Array(5).fill(["warning", "row"]).flat(), "done"]);
    expect(events.filter(({ event }) => event === "row").map(({ method }) => method)).toEqual(
      ["full", "gradual", "lora", "qlora", "adapter"], // biome-ignore format: one list
    );
    expect(events.at(-1)).toMatchObject({
      adapter: "out/demo/lora",
      base_masked_loss: 2.345,
      forgetting: [
        { method: "full", forgetting: 1.25 },
        { method: "gradual", forgetting: 1.25 },
        { method: "lora", forgetting: -0.5, off: 0 },
        { method: "qlora", forgetting: -0.5, off: 0.02 },
        { method: "adapter", forgetting: -0.5, off: 0 },
      ],
      predictions: [{ label: "Warranty" }, { label: "Liability" }],
    });
  });

  test("takes no recipe keys but where to write and the seed", async () => {
    expect(await lowrank("demo --lora_r 3")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '--lora_r'"),
    });
  });
});

describe("predict", () => {
  test.each(["", " --json"])("one JSON line a text, labels as they are%s", async (json) => {
    const { stdout } = await lowrank(`predict --adapter-name-or-path out yes no${json}`);
    expect(objects(stdout)).toEqual([
      { index: 0, text: "yes", label: '{"adapter":"out"}', score: 0.75, probabilities: { a_B: 0.25 } },
      { index: 1, text: "no", label: '{"adapter":"out"}', score: 0.75, probabilities: { a_B: 0.25 } },
    ]);
  });

  test("probabilities have the digits that float32 decides", async () => {
    const { stdout } = await lowrank("predict --adapter_name_or_path out third");
    expect(objects(stdout)[0]).toMatchObject({ index: 0, score: 0.3333333, probabilities: { a_B: 1.234568e-9 } });
  });

  test("texts of a file, or of stdin", async () => {
    const texts = async (command: string, stdin = "") =>
      objects((await lowrank(`predict --model_name_or_path m${command}`, { stdin })).stdout).map(({ text }) => text);
    expect(await texts(" --input a.txt")).toEqual(["text of a.txt"]);
    expect(await texts("", "one\ntwo\n")).toEqual(["one", "two"]);
  });

  test("a line of stdin keeps its number, and one without a label is counted", async () => {
    const stdin = "\ufeffone\r\n\n none\nnone\na\u2028b";
    const { code, stdout, stderr } = await lowrank("predict --model_name_or_path m --quiet", { stdin });
    expect(objects(stdout).map(({ index, text, label }) => [index, text, label !== null])).toEqual([
      [0, "one", true],
      [2, " none", true],
      [3, "none", false],
      [4, "a\u2028b", true],
    ]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: texts without a label: 1 of 4; "error" on the line of each says why\n',
    });
  });
});

describe("refusals: exit 2, the message, no stack", () => {
  test.each([
    [
      "train r.yaml --bf16 true",
      "unknown option --bf16\n  hint: to hold frozen weights in half precision, set dtype: bfloat16.\n",
    ],
    ["train r.yaml --lorar 3", "unknown option '--lorar'\n(Did you mean --lora_r?)\n"],
    ["trian r.yaml", "unknown command 'trian'\n(Did you mean train?)\n"],
    ["train r.yaml --lora-r 0", "--lora_r: expected an integer >= 1, got 0\n"],
    ["train r.yaml --seed 14", "no rows\n  at: train.jsonl\n  hint: add some.\n"],
    ["compare r.yaml", "required option '--methods <list>' not specified\n"],
    [
      "compare r.yaml --methods full,loro",
      `--methods: expected names among ${METHODS.join(", ")}, gradual, separated by commas, got "loro"\n`,
    ],
    ["compare r.yaml --methods full --seeds a", '--seeds: expected integers >= 0, separated by commas, got "a"\n'],
    ["completion tcsh", /^command-argument value 'tcsh' is invalid/],
    ["predict --adapter_name_or_path out --input a b", /^predict was given both texts and --input/],
    ["predict a", /^predict needs a trained model or adapter\.\n {2}expected: --adapter_name_or_path DIR/],
  ])("%s", async (command, message) => {
    const { code, stdout, stderr } = await lowrank(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    if (typeof message === "string") expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
  });

  test("--json tells programs too", async () => {
    const { stdout } = await lowrank("train r.yaml --json --lora_r 0");
    const message = "--lora_r: expected an integer >= 1, got 0";
    expect(objects(stdout)).toEqual([{ event: "error", code: "E_RECIPE", message, exit_code: 2 }]);
  });

  test("an error nobody foresaw is exit 1; --verbose shows its stack", async () => {
    const plain = await lowrank("train r.yaml --seed 13");
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(/^TypeError: seed 13 brings bad luck\n {2}hint: /);
    expect(plain.stderr).not.toContain("    at ");
    expect((await lowrank("train r.yaml --seed 13 --verbose")).stderr).toContain("    at ");
  });
});

describe("help", () => {
  test("lists the commands", async () => {
    const { code, stdout } = await lowrank("--help");
    expect(code).toBe(0);
    expect(stdout).toMatchSnapshot();
  });

  test("without a command is a usage error", async () => {
    expect((await lowrank("")).code).toBe(2);
  });

  test("a command's shows every recipe key with its default, and the general flags", async () => {
    const { code, stdout } = await lowrank("train --help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/--lora_r <integer> +Rank of the update \[16\]/);
    expect(stdout).toMatch(/Recipe, Houlsby adapters:\n {2}--adapter_reduction_factor/);
    expect(stdout).toContain("--json");
    expect(await lowrank("help train")).toEqual({ code, stdout, stderr: "" });
  });
});

describe("the examples of a command", () => {
  const verbs = ["init", "train", "compare", "evaluate", "predict", "embed", "generate", "chat", "plan", "inspect", "merge", "export", "env", "demo"]; // biome-ignore format: a list
  test.each(verbs)("%s: two or three, at the end of its help, with flags that it has", async (verb) => {
    const { stdout } = await lowrank(`${verb} --help`);
    const [help = "", ...more] = stdout.split("\nExamples:\n");
    const lines = more.join("").trimEnd().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.length).toBeLessThanOrEqual(3);
    for (const line of lines) {
      expect(line).toContain(`lowrank ${verb}`);
      for (const [flag] of line.matchAll(/--[\w-]+/g)) expect(help).toContain(flag);
    }
  });
});

describe("completion", () => {
  const completions = async (line: string[]) => {
    const said: string[] = [];
    vi.spyOn(console, "log").mockImplementation((text) => said.push(text));
    expect(await run(["complete", "--", ...line], streams().io)).toBe(0);
    return said;
  };

  test("knows commands, flags and values", async () => {
    expect(await completions(["ev"])).toContain("evaluate\tevaluate a model, with or without an adapter");
    expect(await completions(["train", "--lora_al"])).toEqual([expect.stringMatching(/^--lora_alpha\t/), ":4"]);
    expect(await completions(["train", "--lora_bias", "lora"])).toContain("lora_only\t");
  });
});
