import { describe, expect, test } from "vitest";
import { labelsOf, labelsOfCheckpoint } from "../../src/data/labels.ts";

const rows = (...labels: (string | number)[]) => labels.map((label, i) => ({ label, where: `train.jsonl:${i + 1}` }));

describe("labelsOf", () => {
  test("names are sorted", () => {
    const labels = labelsOf(rows("Notice", "Assignment", "Notice", "Zeal", "apple"));
    expect(labels.names).toEqual(["Assignment", "Notice", "Zeal", "apple"]);
    expect(labels.idOf("Notice", "")).toBe(1);
  });

  test("integers stay as they are, up to the highest", () => {
    const labels = labelsOf(rows(3, 0, 1));
    expect(labels.names).toEqual(["0", "1", "2", "3"]);
    expect(labels.idOf(3, "")).toBe(3);
  });

  test("digits in strings are names", () => expect(labelsOf(rows("10", "2")).names).toEqual(["10", "2"]));

  test("the checkpoint's id2label holds if it names every label, in its own order", () => {
    const labels = labelsOf(rows("neg", "pos"), { "1": "neg", "0": "pos", "2": "mixed" });
    expect(labels.names).toEqual(["pos", "neg", "mixed"]);
    expect([labels.idOf("neg", ""), labels.idOf("pos", "")]).toEqual([1, 0]);
    expect(labelsOf(rows("neg", "other"), { "0": "pos", "1": "neg" }).names).toEqual(["neg", "other"]);
  });

  test("the checkpoint's names stay for integers that it covers, not for more", () => {
    expect(labelsOf(rows(0, 1), { "0": "neg", "1": "pos" }).names).toEqual(["neg", "pos"]);
    expect(labelsOf(rows(0, 2), { "0": "neg", "1": "pos" }).names).toEqual(["0", "1", "2"]);
    expect(labelsOf(rows(7, 5), { "0": "5", "1": "7" }).idOf(7, "")).toBe(1);
  });

  test("refuses a label never seen in training, even one the checkpoint names", () => {
    const labels = labelsOf(rows("neg"), { "0": "neg", "1": "pos" });
    expect(() => labels.idOf("pos", "test.jsonl:7")).toThrow(
      /"pos" was never seen in training\n.*test.jsonl:7\n.*one of 1: neg$/m,
    );
  });

  test.each([
    [[0, "a"], '"a"'],
    [[1, -1], "-1"],
    [[0, 1.5], "1.5"],
  ])("refuses %j", (given, named) => {
    expect(() => labelsOf(rows(...given))).toThrow(
      new RegExp(`label ${named} is not a class number\\n.*train.jsonl:2`),
    );
  });
});

test("a trained checkpoint's labels are known by name and by number", () => {
  const labels = labelsOfCheckpoint({ "0": "neg", "1": "pos" });
  expect([labels.idOf("pos", ""), labels.idOf(0, "")]).toEqual([1, 0]);
  expect(() => labels.idOf(2, "x:1")).toThrow(/label 2 .*\n.*x:1/);
});
