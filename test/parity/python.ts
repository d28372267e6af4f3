import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A Python environment that the live checks need, if it is there. */
export interface Python {
  /** Why it cannot be used; `undefined` when it can. */
  readonly missing: string | undefined;
  /** Runs a script of this folder, JSON in and out. */
  run(script: string, input: unknown): unknown;
}

/** The environment that `variable` names, else `~/.cache/<folder>`. */
export function pythonOf(variable: string, folder: string): Python {
  const home = process.env[variable] ?? join(homedir(), ".cache", folder);
  const interpreter = join(home, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  return {
    missing: existsSync(interpreter) ? undefined : `no Python at ${interpreter}; set ${variable} to an environment`,
    run(script, input) {
      const env = { ...process.env, HF_HUB_OFFLINE: "1", PYTHONWARNINGS: "ignore" };
      const options = { input: JSON.stringify(input), encoding: "utf8", env, maxBuffer: 2 ** 26 } as const;
      const { status, stdout, stderr } = spawnSync(interpreter, [join(import.meta.dirname, script)], options);
      if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
      return JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1));
    },
  };
}
