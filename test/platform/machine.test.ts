import { expect, test } from "vitest";
import { machine } from "../../src/platform/node/machine.ts";

test("knows the machine it runs on", () => {
  const { system, cores, memoryBytes, instructionSets } = machine();
  expect(system).toBe(`${process.platform} ${process.arch}`);
  expect(cores).toBeGreaterThan(0);
  expect(memoryBytes).toBeGreaterThan(1e8);
  expect(memoryBytes).toBeLessThan(1e15);
  if (system === "linux x64") expect(instructionSets).toContain("avx");
});
