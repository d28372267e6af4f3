import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "./formats/temporary.ts";

const folder = await temporaryFolder();
const MODEL = "test/parity/fixtures/bert";

/** What each example says at its end. */
const SAYS: Readonly<Record<string, RegExp>> = {
  "classify-contracts.ts": /\d+ % (governing law|termination|payment|liability): Invoices are due within sixty days\.$/,
};

/** Tested by server-example.test.ts. */
const SERVER = "server.ts";

test.each(readdirSync("examples").filter((file) => file !== SERVER))("examples/%s runs on a tiny model", (file) => {
  const args = ["--import", "tsx", `examples/${file}`, MODEL, `${folder}/${file}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(SAYS[file], `what ${file} says is not in the table`).toBeDefined();
  expect(stdout.trim()).toMatch(SAYS[file]!);
  expect(readdirSync(`${folder}/${file}`)).toContain("adapter_model.safetensors");
});
