import { describe, expect, test } from "vitest";
import { asLabel } from "../../src/examples/classification.ts";
import { labelWarnings } from "../../src/examples/label-warnings.ts";
import { type Label, labelsOf, labelsOfCheckpoint } from "../../src/examples/labels.ts";

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
      /"pos" does not occur in the training data\n.*test.jsonl:7\n.*one of 1: neg$/m,
    );
  });

  test("integers that are far apart are two classes, not as many as the larger one", () => {
    const labels = labelsOf(rows(77_001, 10_234));
    expect(labels.names).toEqual(["10234", "77001"]);
    expect([labels.idOf(10_234, ""), labels.idOf("77001", "")]).toEqual([0, 1]);
    expect(() => labels.idOf(1, "")).toThrow(/1 does not occur/);
    expect(labelsOf(rows(...Array.from({ length: 150 }, (_, id) => 2 * id))).names).toHaveLength(299);
    expect(labelsOf(rows(3, 99)).names).toHaveLength(100);
  });

  test("integers and the same digits in strings are one class", () => {
    const labels = labelsOf(rows(0, "1", 1, 2));
    expect(labels.names).toEqual(["0", "1", "2"]);
    expect([labels.idOf("1", ""), labels.idOf(1, ""), labels.idOf("2.0", "")]).toEqual([1, 1, 2]);
  });

  test("names stay for ids only where none of them is another number", () => {
    expect(labelsOf(rows(0, 1, 2), { "0": "1", "1": "2", "2": "3" }).names).toEqual(["0", "1", "2"]);
    expect(labelsOf(rows(0, 1), { "0": "1.0", "1": "2.0" }).names).toEqual(["0", "1"]);
    expect(labelsOf(rows(0, 1), { "0": "0", "1": "1", "2": "2" }).names).toEqual(["0", "1", "2"]);
  });

  test("the order of the classes depends neither on the order of the rows nor on the run", () => {
    const names = ["b", "A", "é", "10", "9", "a"];
    const all = labelsOf(rows(...names)).names;
    for (let turn = 0; turn < names.length; turn++) {
      names.push(names.shift() as string);
      expect(labelsOf(rows(...names)).names).toEqual(all);
    }
    expect(labelsOf(rows(2, 0, 1)).names).toEqual(labelsOf(rows(1, 2, 0)).names);
  });

  test.each<[Label[], string, number, RegExp]>([
    [["a", "b", 3, "c"], "3", 3, /a class name[\s\S]*names, like most/],
    [[3, 4, "b", 5], '"b"', 3, /a class number[\s\S]*integers from 0, like most/],
    [["a", 3], "3", 2, /a class name/],
  ])("a mix of names and numbers: %j blames %s", (given, label, line, message) => {
    const blame = (): unknown => labelsOf(rows(...given));
    expect(blame).toThrow(`the label ${label} is not`);
    expect(blame).toThrow(`train.jsonl:${line}`);
    expect(blame).toThrow(message);
  });

  test("a mix of names and numbers is judged by rows, not by distinct labels", () => {
    const train = [
      { label: 7, where: "a:1", count: 1 },
      { label: 8, where: "a:2", count: 1 },
      { label: "yes", where: "a:3", count: 90 },
    ];
    expect(() => labelsOf(train)).toThrow(/the label 7 is not a class name\n.*a:1/);
  });

  test("a refusal says which file names the classes of numbers", () => {
    const labels = labelsOf(rows(0, 1), { "0": "assignment", "1": "payment", "2": "notice" }, "base/config.json");
    expect(() => labels.idOf("spam", "test.csv:3")).toThrow(
      /"spam" does not occur[\s\S]*expected: one of 2: 0 \(assignment\), 1 \(payment\); the names come from id2label in base\/config.json$/m,
    );
  });

  test("a refusal names the class that differs in what cannot be seen", () => {
    expect(() => labelsOf(rows("spam", "ham")).idOf("Spam\u00a0", "")).toThrow(/hint: "spam" differs from it only in/);
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

test("numbers are taken for ids only where no class is named by a number", () => {
  const digits = labelsOfCheckpoint({ "0": "1", "1": "2", "2": "3" });
  expect([1, 2, 3, "1", "3"].map((label) => digits.idOf(label, ""))).toEqual([0, 1, 2, 0, 2]);
  expect(() => digits.idOf(0, "test.csv:2")).toThrow(/label 0 does not occur/);
  const floats = labelsOfCheckpoint({ "0": "1.0", "1": "2.0" });
  expect([1, "1.0", 2, "2"].map((label) => floats.idOf(label, ""))).toEqual([0, 0, 1, 1]);
  const signs = labelsOfCheckpoint({ "0": "-1", "1": "1" });
  expect([-1, 1].map((label) => signs.idOf(label, ""))).toEqual([0, 1]);
  expect(() => signs.idOf(0, "")).toThrow(/does not occur/);
  const named = labelsOfCheckpoint({ "0": "LABEL_3", "1": "LABEL_0" });
  expect([0, "1", "LABEL_0"].map((label) => named.idOf(label, ""))).toEqual([0, 1, 1]);
  expect(() => named.idOf("01", "")).toThrow(/does not occur/);
  expect(() => named.idOf(" 1", "")).toThrow(/does not occur/);
});

test.each<[object | string, RegExp]>([
  [{ "1": "a", "2": "b" }, /names 2 classes but has no name for id 0\n.*config.json/],
  [{ "0": "a", "1": "a" }, /gives the ids 0 and 1 the same name "a"/],
  [{ "0": null }, /no name for id 0/],
  ["ab", /not a mapping of ids to names/],
])("refuses the id2label %j", (id2label, message) => {
  expect(() => labelsOfCheckpoint(id2label as Record<string, string>, "m/config.json")).toThrow(message);
});

test.each<[unknown, RegExp]>([
  [true, /holds true\n.*x:1[\s\S]*hint: write true and false as 1 and 0/],
  [0.5, /holds 0.5[\s\S]*hint: write the number in quotes/],
  [2 ** 60, /holds 1152921504606847000/],
  [null, /holds null[\s\S]*hint: set label_column/],
])("the label %j is refused", (value, message) => expect(() => asLabel(value, "label", "x:1")).toThrow(message));

describe("warnings about labels", () => {
  test("name labels that read alike", () => {
    const train = rows("spam", "ham", "Spam", "spam\r", "caf\u00e9", "cafe\u0301", "x\u200by", "x y");
    expect(labelWarnings(train, labelsOf(train))).toEqual([
      "these labels differ only in white space, case or Unicode form, but each is its own class: " +
        '"spam" (train.jsonl:1) and "Spam" (train.jsonl:3) and "spam\\r" (train.jsonl:4); ' +
        '"caf\u00e9" (train.jsonl:5) and "cafe\\u0301" (train.jsonl:6); ' +
        '"x\\u200by" (train.jsonl:7) and "x y" (train.jsonl:8)',
    ]);
    expect(labelWarnings(rows("a", "b", "B-PER", "I-PER"), labelsOf(rows("a", "b", "B-PER", "I-PER")))).toEqual([]);
  });

  test("name the classes that numbers were taken for, and the file", () => {
    const train = rows(0, 1);
    expect(labelWarnings(train, labelsOf(train, { "0": "neg", "1": "pos" }, "base/config.json"))).toEqual([
      'numeric labels are read as ids of the named classes, from id2label in base/config.json: 0 is "neg", 1 is "pos"',
    ]);
    expect(labelWarnings(train, labelsOf(train))).toEqual([]);
    expect(labelWarnings(train, labelsOf(train, { "0": "LABEL_0", "1": "LABEL_1" }))).toEqual([]);
    expect(labelWarnings(train, labelsOf(rows("0", "1")))).toEqual([]);
  });
});
