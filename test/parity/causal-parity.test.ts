import { describe, expect, test } from "vitest";
import { casesIn, expectSame, jobOf, train } from "./six-steps.ts";

const cases = casesIn("causal");

describe("six steps of a language model as PEFT and bitsandbytes take them", () => {
  test("every family and method has a case", () => expect(cases.length).toBeGreaterThan(55));

  test.each(cases)("%s, %s", async (fixture, name, method) => {
    const found = await train(jobOf(fixture, name, method, { task_type: "CAUSAL_LM" }));
    expect(found.evalLoss).toBeDefined();
    expectSame(found, name, method);
  });
});
