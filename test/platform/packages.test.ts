import { join } from "node:path";
import { expect, test } from "vitest";
import { exists, packageFolder } from "../../src/platform/node/index.ts";

test("finds the folder of a dependency", async () => {
  expect(await exists(join(packageFolder("spdx-license-list"), "spdx-full.json"))).toBe(true);
});

test("says that a package is not installed", () => {
  expect(() => packageFolder("no-such-licences")).toThrow(
    "the package no-such-licences is not installed\n" +
      "  hint: it is a dependency of lowrank; reinstall without omitting packages.",
  );
});
