import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const DIST = join(import.meta.dirname, "../../dist");
const FIXTURES = join(import.meta.dirname, "../parity/fixtures");

const folder = mkdtempSync(join(tmpdir(), "lowrank-ending-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const RECIPE = join(folder, "recipe.yaml");
writeFileSync(RECIPE, `model_name_or_path: ${FIXTURES}/bert\ndataset_name: ${FIXTURES}/data\nlora_r: 2\n`);

const LONG = ["--max_steps", "100000"];
type Stdio = "pipe" | "ignore" | number;

/** Starts a training as it ships. */
const train = (out: string, flags: readonly string[], stdout: Stdio = "pipe", stderr: Stdio = "pipe"): ChildProcess =>
  spawn(process.execPath, [join(DIST, "cli/main.js"), "train", RECIPE, "--output_dir", out, ...flags], {
    cwd: folder,
    stdio: ["ignore", stdout, stderr],
  });

const ended = async (child: ChildProcess) => {
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal };
};

const textOf = (child: ChildProcess): (() => string) => {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return () => text;
};

const hasCheckpoint = (out: string): boolean =>
  readdirSync(join(folder, out)).some(
    (name) => name.startsWith("checkpoint-") && existsSync(join(folder, out, name, "trainer_state.json")),
  );

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("a stream that fails", () => {
  test("stdout, whose reader leaves: the run stops with a checkpoint, and 141", async () => {
    const child = train("head", [...LONG, "--json"]);
    const said = textOf(child);
    const end = ended(child);
    await once(child.stdout!, "data");
    child.stdout!.destroy();
    expect(await end).toEqual({ code: 141, signal: null });
    expect(said()).toContain("stdout was closed: finishing this step and saving");
    expect(hasCheckpoint("head")).toBe(true);
  });

  test("stderr, whose reader leaves: the run goes on to its end", async () => {
    const child = train("deaf", ["--max_steps", "4"]);
    child.stderr!.destroy();
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    expect(existsSync(join(folder, "deaf/adapter_model.safetensors"))).toBe(true);
  });

  const isLinux = process.platform === "linux";
  test.runIf(isLinux)("stdout, on a full disk: the run stops with a checkpoint, and 1", async () => {
    const child = train("full", [...LONG, "--json"], openSync("/dev/full", "w"));
    const said = textOf(child);
    expect(await ended(child)).toEqual({ code: 1, signal: null });
    expect(said()).toContain("cannot write to stdout: ");
    expect(hasCheckpoint("full")).toBe(true);
  });

  test.runIf(isLinux)("stderr, on a full disk: the run goes on to its end", async () => {
    const child = train("mute", ["--max_steps", "4"], "pipe", openSync("/dev/full", "w"));
    expect(await ended(child)).toEqual({ code: 0, signal: null });
  });
});

test("a second Ctrl-C ends a run at once, inside a step and without a core dump", async () => {
  mkdirSync(join(folder, "rows"));
  const row = {
    text: "the party shall indemnify each loss within days of this agreement ".repeat(4),
    label: "liability",
  };
  writeFileSync(join(folder, "rows/train.jsonl"), `${JSON.stringify(row)}\n`.repeat(8000));
  const oneStep = ["--dataset_name", join(folder, "rows"), "--gradient_accumulation_steps", "1000"];
  const child = train("twice", [...LONG, "--json", ...oneStep]);
  const said = textOf(child);
  const end = ended(child);
  let events = "";
  child.stdout!.on("data", (chunk: Buffer) => (events += chunk));
  await expect.poll(() => events, { timeout: 20_000 }).toContain('"event":"start"'); // tokenizing ends at once
  await wait(1000);
  child.kill("SIGINT");
  child.kill("SIGINT"); // as npx passes it on: it counts once
  await expect.poll(said, { timeout: 10_000 }).toContain("press Ctrl-C again");
  await wait(500);
  expect(child.exitCode).toBe(null);
  child.kill("SIGINT");
  expect(await end).toEqual({ code: null, signal: "SIGINT" });
});

describe("the program of a library user", () => {
  /** Runs a program against the library as it ships; returns what it printed. */
  async function program(source: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const path = join(folder, `${Math.random()}.mjs`);
    writeFileSync(
      path,
      `import { loadModel, lora, train } from ${JSON.stringify(join(DIST, "index.js"))};
      const model = (await loadModel(${JSON.stringify(`${FIXTURES}/bert`)}, { taskType: "SEQ_CLS" })).with(lora({ r: 2, loraAlpha: 4 }));
      const data = ${JSON.stringify(`${FIXTURES}/data`)};
      const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP", "exit", "uncaughtException", "unhandledRejection"].map((name) => process.listenerCount(name));
      const before = listeners();
      const say = (object) => console.log(JSON.stringify(object));
      ${source}
      say({ left: listeners().map((count, i) => count - before[i]), workers: process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length });`,
    );
    const child = spawn(process.execPath, [path], { cwd: folder });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    const { code } = await ended(child);
    return { code, stdout, stderr };
  }

  const CLEAN = JSON.stringify({ left: [0, 0, 0, 0, 0, 0], workers: 0 });

  test("is left as it was by a break, by an error of its own and by an abort", async () => {
    const { code, stdout, stderr } = await program(`
      for await (const { kind } of train(model, { data, maxSteps: 1000 })) if (kind === "step") break;
      try {
        for await (const { kind } of train(model, { data, maxSteps: 1000 })) if (kind === "step") throw new Error("mine");
      } catch (error) { say({ message: error.message }); }
      const stop = new AbortController();
      try {
        for await (const { kind } of train(model, { data, maxSteps: 1000, signal: stop.signal })) if (kind === "step") stop.abort();
      } catch (error) { say({ code: error.code }); }`);
    expect(stderr).toBe("");
    expect(stdout).toBe(`{"message":"mine"}\n{"code":"E_INTERRUPTED"}\n${CLEAN}\n`);
    expect(code).toBe(0);
  });

  test("may train two models at once, with no stdout to write to", async () => {
    const { code, stdout, stderr } = await program(`
      const { writeFileSync } = await import("node:fs");
      const run = async (of) => { let steps = 0; for await (const { kind } of train(of, { data, maxSteps: 5 })) if (kind === "step") steps++; return steps; };
      process.stdout.destroy();
      const steps = await Promise.all([run(model), run(model.with(lora({ r: 4, loraAlpha: 4 })))]);
      process.stderr.write(JSON.stringify({ steps, left: listeners().map((count, i) => count - before[i]) }));
      process.exit(0);`);
    expect(stdout).toBe("");
    expect(JSON.parse(stderr)).toEqual({ steps: [5, 5], left: [0, 0, 0, 0, 0, 0] });
    expect(code).toBe(0);
  });
});
