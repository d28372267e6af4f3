import { expect, test } from "vitest";
import { environment } from "../../src/node/environment.ts";

test("tells versions and what really opens", async () => {
  const facts = await environment();
  expect(facts.node).toBe(process.versions.node);
  expect(facts.onnxruntime).toMatch(/^\d+\.\d+\.\d+$/);
  expect(facts.execution_providers).toContain("cpu");
  for (const line of facts.unavailable_providers) expect(line).toMatch(/^\w+: .+/);
  expect(facts.hub_cache).toMatch(/hub$/);
});
