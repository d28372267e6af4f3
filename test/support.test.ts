import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("docs/SUPPORT.md says what the registries hold", () => {
  expect(() => execFileSync(process.execPath, ["scripts/support.mjs", "--check"], { stdio: "pipe" })).not.toThrow();
});
