import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const FIXTURES = join(import.meta.dirname, "../parity/fixtures");

const folder = mkdtempSync(join(tmpdir(), "lowrank-private-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const home = join(folder, "home-of-somebody");
mkdirSync(home);
cpSync(`${FIXTURES}/bert`, `${home}/models/bert`, { recursive: true });
cpSync(`${FIXTURES}/data`, `${home}/documents`, { recursive: true });
writeFileSync(`${folder}/recipe.yaml`, "task_type: SEQ_CLS\nlora_r: 2\n");
/** Refuses whatever would open a connection, in each thread. */
writeFileSync(
  `${folder}/no-network.mjs`,
  `import net from "node:net"; import dns from "node:dns"; import { appendFileSync } from "node:fs";
const refuse = (...args) => { appendFileSync(${JSON.stringify(`${folder}/connections`)}, JSON.stringify(args) + "\\n"); throw new Error("no network"); };
net.Socket.prototype.connect = refuse; dns.lookup = refuse; globalThis.fetch = refuse;`,
);
const SECRETS = {
  token: "hf_QwErTyUiOpAsDfGhJkLzXcVbNm",
  password: "pass-word-of-a-mirror",
  query: "signature-of-a-query",
};

/** Runs the command as it ships: with a token and a password in its environment, and no network. */
function lowrank(command: string) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HF_TOKEN: SECRETS.token,
    HF_ENDPOINT: `https://me:${SECRETS.password}@mirror.invalid`,
  };
  const args = ["--import", `${folder}/no-network.mjs`, MAIN, ...command.split(" ")];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
  return { status, text: stdout + stderr };
}

const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());

/** Files below `path` that hold `text`, by their last part. */
const holding = (path: string, text: string): string[] =>
  filesOf(path).filter((file) => readFileSync(file).includes(text)).map((file) => file.split("/").at(-1)!).sort(); // biome-ignore format: a chain

const BASE = `recipe.yaml --model_name_or_path ${home}/models/bert --dataset_name ${home}/documents --max_steps 2 --verbose`;
const COMMANDS = [
  `train ${BASE} --output_dir out/train --report_to tensorboard --save_strategy steps --save_steps 1`,
  `train ${BASE} --output_dir out/adapter --method adapter`,
  `train ${BASE} --output_dir out/full --method full`,
  `compare ${BASE} --methods lora --output_dir out/compare`,
  "evaluate out/train/recipe.yaml --adapter_name_or_path out/train --output_dir out/evaluated --verbose",
  "predict --adapter_name_or_path out/train --verbose text",
  "merge --adapter_name_or_path out/train --out out/merged --verbose",
  "export --adapter_name_or_path out/train --format onnx --out out/onnx --verbose",
  `plan ${BASE}`,
  "env --json",
];

describe("nothing personal leaves, or stays in what is written", () => {
  test.each(COMMANDS)(
    "lowrank %s",
    (command) => {
      const { status, text } = lowrank(command);
      expect(status, text).toBe(0);
      for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
    },
    60_000,
  );

  test("no file holds a secret, and no connection was opened", () => {
    for (const secret of Object.values(SECRETS)) expect(holding(`${folder}/out`, secret)).toEqual([]);
    expect(readdirSync(folder)).not.toContain("connections");
  });

  test("the way to the base and to the data is told by those files alone that programs read it from", () => {
    const names = new Set([...holding(`${folder}/out`, home), ...holding(`${folder}/out`, "home-of-somebody")]);
    expect([...names].sort()).toEqual(["adapter_config.json", "comparison.json", "head_config.json", "recipe.yaml"]);
  });

  test.each([
    `train recipe.yaml --model_name_or_path https://me:${SECRETS.password}@host.invalid/model?token=${SECRETS.query} --dataset_name ${home}/documents`,
    `train recipe.yaml --model_name_or_path ${home}/models/bert --dataset_name https://me:${SECRETS.password}@host.invalid/rows.csv?token=${SECRETS.query}`,
    `train recipe.yaml --model_name_or_path org/absent --dataset_name ${home}/documents`,
    `predict --adapter_name_or_path s3://me:${SECRETS.password}@host.invalid/model?token=${SECRETS.query} text`,
    `plan https://me:${SECRETS.password}@host.invalid/recipe.yaml?token=${SECRETS.query}`,
    `init --yes --dataset_name https://me:${SECRETS.password}@host.invalid/rows.csv?token=${SECRETS.query}`,
  ])("a refusal shows none: %s", (command) => {
    for (const form of ["--verbose", "--json --verbose"]) {
      const { status, text } = lowrank(`${command} ${form}`);
      expect(status).toBe(2);
      for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
    }
  });
});
