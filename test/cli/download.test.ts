import { describe, expect, test, vi } from "vitest";
import { run } from "../../src/cli/run.ts";
import { streams } from "./streams.ts";

vi.mock("../../src/cli/library/index.ts", () => import("./library.ts"));

async function lowrank(command: string, given: Parameters<typeof streams>[0] = {}) {
  const { io, written } = streams(given);
  const code = await run(command.split(" "), io);
  return { code, ...written, stderr: written.stderr.replace(/in (?:< )?\S+ m?s/, "in TIME") };
}

const TOLD = "downloading hub/tiny (1.5 MB)\ndownloaded hub/tiny: 1.5 MB in TIME\n";

describe("a model of the Hub is downloaded before the command begins", () => {
  test.each(["train", "plan", "evaluate", "inspect", "train --dry-run", "compare --methods lora"])(
    "%s",
    async (verb) => {
      const { code, stderr } = await lowrank(`${verb} r.yaml --model_name_or_path hub/tiny`);
      expect(code).toBe(0);
      expect(stderr.startsWith(TOLD)).toBe(true);
    },
  );

  test("predict: stdout holds what was asked for alone, with --json too", async () => {
    for (const json of ["", " --json"]) {
      const { code, stdout, stderr } = await lowrank(`predict --model_name_or_path hub/tiny${json} text`);
      expect(code).toBe(0);
      expect(stderr).toBe(TOLD);
      expect(JSON.parse(stdout)).toMatchObject({ text: "text" });
    }
  });
});

test("--quiet says nothing of it", async () => {
  expect((await lowrank("plan r.yaml --model_name_or_path hub/tiny --quiet")).stderr).toBe("");
});

test("what is there already is not mentioned", async () => {
  expect((await lowrank("plan r.yaml --model_name_or_path embedded")).stderr).toBe("");
});

test("a model that cannot be had is an error, and the command does not begin", async () => {
  const { code, stdout, stderr } = await lowrank("plan r.yaml --model_name_or_path hub/gone");
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: "model hub/gone is not on the Hub\n" });
});

test("Ctrl-C stops it", async () => {
  const { code, stdout, stderr } = await lowrank("plan r.yaml --model_name_or_path hub/slow");
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(stderr).toContain("SIGINT: stopping the download; press Ctrl-C again to quit at once.");
  expect(stderr).toContain("the download of hub/slow was stopped");
  expect(stderr).not.toContain("downloaded");
});
