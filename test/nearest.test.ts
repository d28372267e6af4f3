import { expect, test } from "vitest";
import { nearest } from "../src/nearest.ts";

test("finds a misspelling, ignoring case, and nothing that is far", () => {
  const names = ["lora_r", "lora_alpha", "lora_dropout"];
  expect(nearest("Lora_Aplha", names)).toBe("lora_alpha");
  expect(nearest("lorar", names)).toBe("lora_r");
  expect(nearest("learning_rate", names)).toBeUndefined();
  expect(nearest("", [])).toBeUndefined();
});
