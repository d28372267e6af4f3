import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { fixture, rowsOf } from "../running.ts";

const home = mkdtempSync(join(tmpdir(), "lowrank-telemetry-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const cli = join(import.meta.dirname, "../../dist/cli/main.js");

/** Runs a command with a home and a folder for temporary files of its own; returns the files that it left there. */
function leftBy(args: readonly string[]): string[] {
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  execFileSync(process.execPath, [cli, ...args], { env: { ...env, HOME: home, TMPDIR: home }, stdio: "pipe" });
  return readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) =>
    /Microsoft|mat-debug|\.ses/.test(name),
  );
}

test("the runtime keeps no device id and no events, in the main thread and in the training thread", () => {
  const adapter = fixture("bert/adapters/lora");
  const model = fixture("bert");
  expect(leftBy(["predict", "--adapter_name_or_path", adapter, "--model_name_or_path", model, "state law"])).toEqual(
    [],
  );
  expect(leftBy(["env"])).toEqual([]);
  writeFileSync(
    `${home}/rows.jsonl`,
    rowsOf()
      .train!.map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
  );
  const recipe = `model_name_or_path: ${model}\ndataset_name: ${home}/rows.jsonl\ntask_type: SEQ_CLS\nmax_steps: 1\n`;
  writeFileSync(`${home}/recipe.yaml`, recipe);
  expect(leftBy(["train", `${home}/recipe.yaml`, "--output_dir", `${home}/out`, "--quiet"])).toEqual([]);
});

test("a program's bundler keeps the import that turns it off, although nothing is named in it", async () => {
  const { outputFiles, warnings } = await build({
    ...{ entryPoints: [join(import.meta.dirname, "../../dist/index.js")], external: ["onnxruntime-*"] },
    ...{ bundle: true, write: false, platform: "node", format: "esm", logLevel: "silent" },
    tsconfigRaw: {}, // its paths lead to src
  });
  const text = outputFiles.map((file) => file.text).join("\n");
  const [call] = /^\s*disableTelemetry\d*\(\);$/m.exec(text) ?? [];
  expect(call).toBeDefined();
  expect(text).not.toContain('from "onnxruntime-node"'); // which would be loaded first
  expect(text.indexOf(call as string)).toBeLessThan(text.indexOf('import("onnxruntime-node")'));
  expect(warnings.filter(({ id }) => id === "ignored-bare-import")).toEqual([]);
});
