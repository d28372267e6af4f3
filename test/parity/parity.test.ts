import { describe, expect, test } from "vitest";
import { casesIn, expectSame, jobOf, train } from "./six-steps.ts";

const cases = casesIn("");

describe("six steps as PEFT, bitsandbytes and adapter-hub take them", () => {
  test("every family and method has a case", () => expect(cases.length).toBeGreaterThan(80));

  test.each(cases)("%s, %s", async (fixture, name, method) => {
    const tokens = fixture.endsWith("-tokens");
    const keys = tokens
      ? { task_type: "TOKEN_CLS", text_column: "tokens", label_column: "labels" }
      : { task_type: "SEQ_CLS" };
    const found = await train(jobOf(fixture, name, method, keys), tokens ? "-tokens" : "");
    expect(found.evalLoss).toBeDefined();
    expectSame(found, name, method);
  });
});
