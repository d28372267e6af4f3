import { describe, expect, test } from "vitest";
import { sgd } from "../../src/optim/sgd.ts";
import { expectResumes, expectTrajectory, param } from "./fixtures.ts";

describe("sgd", () => {
  test("follows torch.optim.SGD", () => expectTrajectory(sgd(), "sgd"));

  test("follows torch.optim.SGD with momentum", () => expectTrajectory(sgd({ momentum: 0.9 }), "sgd_momentum"));

  test("resumes to the same bytes", () => {
    expectResumes(() => sgd(), 20);
    expectResumes(() => sgd({ momentum: 0.9 }), 20);
  });

  test("keeps no state without momentum", () => {
    const optimizer = sgd();
    optimizer.step([param(new Float32Array(3), new Float32Array(3))], 1);
    expect([optimizer.bytes(), optimizer.state().size]).toEqual([0, 0]);
  });
});
