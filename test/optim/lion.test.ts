import { describe, test } from "vitest";
import { lion } from "../../src/optim/lion.ts";
import { expectResumes, expectTrajectory } from "./fixtures.ts";

describe("lion", () => {
  test("follows bitsandbytes.optim.Lion", () => expectTrajectory(lion(), "lion"));

  test("resumes to the same bytes", () => expectResumes(() => lion(), 20));
});
