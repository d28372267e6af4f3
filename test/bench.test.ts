import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { isPeerMissing, type Settings, trainPeft } from "../bench/sides.ts";

const FIXTURES = "test/parity/fixtures";
const folder = mkdtempSync(join(tmpdir(), "lowrank-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said on stderr while `run` runs, folders shortened. */
function saidBy(run: () => void): string {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  run();
  const lines = said.mock.calls.map(String).join("\n");
  said.mockRestore();
  return lines.replaceAll(folder, "TMP").trim();
}

/** Trains with a Python that is none: a shell that does as `script` says. */
function peer(name: string, method: string, script: string) {
  const python = join(folder, name);
  writeFileSync(python, `#!/bin/sh\n${script}\n`);
  chmodSync(python, 0o755);
  const settings: Settings = {
    ...{ model: "m", data: "d", steps: 3, seeds: "0", methods: [method] },
    ...{ python, peerScript: python },
  };
  return trainPeft(settings, { method, group: true });
}

test("without the peer, the table is ours alone, and stderr says why", { timeout: 240_000 }, () => {
  const flags = ["--model", `${FIXTURES}/bert`, "--data", `${FIXTURES}/data`, "--steps", "1", "--methods", "lora"];
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", "bench/memory.ts", ...flags], {
    env: { ...process.env, LOWRANK_PEERS: join(folder, "none") },
    encoding: "utf8",
  });
  expect(stderr.replaceAll(folder, "TMP").trim()).toBe(
    "PyTorch + PEFT is left out: there is no TMP/none/bin/python. LOWRANK_PEERS names a Python environment with " +
      "torch, transformers, peft, bitsandbytes and scikit-learn.",
  );
  expect(stdout.trim().split("\n").slice(2)).toEqual([expect.stringMatching(/^\| lora \| [\d,]+ \| – \| – \|$/)]);
  expect(status).toBe(0);
});

test("says once what is missing, and what would help", () => {
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/python"), "");
  const missing = (): unknown => isPeerMissing(join(folder, "bin/python"), join(folder, "none.py"));
  expect(saidBy(() => expect([missing(), missing()]).toEqual([true, true]))).toBe(
    "PyTorch + PEFT is left out: there is no TMP/none.py, the script that trains with it; LOWRANK_PEER_SCRIPT names one.",
  );
  expect(saidBy(() => expect(isPeerMissing(folder, folder)).toBe(false))).toBe("");
});

test("reads the peer's last line; a method that it lacks has no figures", () => {
  const script = `echo noise; echo '{"real_tok_s": 7, "first_step_s": 2, "peak_rss_mb": 1000}'`;
  expect(peer("works", "qlora", script)).toEqual({
    ...{ tokensPerSecond: 7, firstStepSeconds: 2, peakRssBytes: 1000 * 2 ** 20 },
  });
  expect(saidBy(() => expect(peer("works", "adapter", script)).toBeUndefined())).toBe(
    "no figures of PEFT for adapter: its script has full, lora, qlora, head.",
  );
});

test("goes on when the peer fails, with what it said", () => {
  const script = "echo 'No module named bitsandbytes' >&2; exit 1";
  expect(saidBy(() => expect(peer("fails", "qlora", script)).toBeUndefined())).toMatch(
    /^no figures of PEFT for qlora: .*ended with 1:\nNo module named bitsandbytes$/,
  );
});
