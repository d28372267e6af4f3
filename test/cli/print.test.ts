import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { bytes, count, counted, duration, figure, percent } from "../../src/cli/shared/format.ts";
import { createOutput, modeOf } from "../../src/cli/shared/output.ts";
import { createProgress } from "../../src/cli/shared/progress.ts";
import { textTable } from "../../src/cli/shared/table.ts";
import { wrapped } from "../../src/cli/shared/wrap.ts";
import { streams } from "./streams.ts";

test("figures are short and say their unit", () => {
  expect([0, 999, 1234567.8].map(count)).toEqual(["0", "999", "1,234,568"]);
  expect([0, 512, 4_610_000, 1.2345e9].map(bytes)).toEqual(["0 B", "512 B", "4.61 MB", "1.23 GB"]);
  expect([0, 1.9e-7, 0.4213, 12.34, 59.96, 125, 239.6, 3599.6, 12_000].map(duration)).toEqual([
    "0 s",
    "< 0.01 s",
    "0.42 s",
    "12.3 s",
    "1m 00s",
    "2m 05s",
    "4m 00s",
    "1h 00m",
    "3h 20m",
  ]);
  expect([0.68123, 100].map(percent)).toEqual(["0.681 %", "100 %"]);
  expect([0, 2.9, 0.00012].map(figure)).toEqual(["0.0000", "2.9000", "1.20e-4"]);
});

test("one thing is no several things", () => {
  expect([0, 1, 1200].map((n) => counted(n, "step"))).toEqual(["0 steps", "1 step", "1,200 steps"]);
});

describe("lines on a narrow terminal", () => {
  test("end between words, the rest indented", () => {
    expect(wrapped("  warning: one two three four five", 20)).toBe("  warning: one two\n    three four five");
    expect(wrapped(`${"a".repeat(30)} b`, 20)).toBe(`${"a".repeat(30)}\n  b`);
  });

  test("are counted by what is seen, and stay whole where no width is known", () => {
    const styled = "\u001b[33mone two three four\u001b[39m";
    expect(wrapped(styled, 20)).toBe(styled);
    expect(wrapped("one two three four five six", undefined)).toBe("one two three four five six");
  });

  test("hold for notes and warnings, not for results", () => {
    const { io, written } = streams();
    Object.assign(io.stderr, { isTTY: true, columns: 24 });
    const output = createOutput(io, modeOf([]));
    output.note("the model stays until this run ends");
    output.alert("warning: the model stays");
    output.result("a table that is wider than it");
    expect(written.stderr).toBe("the model stays until\n  this run ends\nwarning: the model stays\n");
    expect(written.stdout).toBe("a table that is wider than it\n");
  });
});

test("a resumed run counts its time from where it began, and one step is one", async () => {
  const { io, written } = streams();
  const { show } = createProgress(createOutput(io, modeOf([])));
  const header = {
    method: "lora",
    model: "m",
    taskType: "SEQ_CLS",
    device: "cpu",
    trainableParameters: 1,
    totalParameters: 2,
  };
  const run = { examples: 1, epochs: 1, steps: 900, batchSize: 1, outputDir: "out" };
  await show({ kind: "start", header: { ...header, ...run } as never });
  for (const step of [801, 810]) {
    await show({ kind: "step", step, steps: 900, epoch: 0.9, loss: 1, tokensPerSecond: 5 } as never);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const [first, next] = written.stderr.split("\n").filter((line) => line.startsWith("step"));
  expect(first).not.toContain("ETA");
  const [, eta] = / ETA ([\d.]+) s$/.exec(next ?? "") ?? [];
  expect(Number(eta)).toBeGreaterThan(0.2); // 9 steps took 30 ms and more, 90 are left
  expect(written.stderr).toContain("1 example, 1 epoch\n");
  expect(written.stderr).toContain("900, 1 example each");
});

const columns = [{ title: "name" }, { title: "size", right: true }];

test("a text table aligns by what is seen, not by what styles it", () => {
  const rows = [
    ["\u001b[1mé\u001b[22m", "1"],
    ["longer", "10,000"],
  ];
  expect(textTable(columns, rows)).toBe("name      size\n\u001b[1mé\u001b[22m            1\nlonger  10,000");
});

test("stdout is for what was asked for, in one of two forms; stderr for the rest", () => {
  const { io, written } = streams();
  const everything = (flags: string[]) => {
    const output = createOutput(io, modeOf(flags));
    output.result("result");
    output.record({ record: 1 });
    output.note("note");
    output.alert("alert");
    const said = { ...written };
    written.stdout = written.stderr = "";
    return said;
  };
  expect(everything([])).toEqual({ stdout: "result\n", stderr: "note\nalert\n" });
  expect(everything(["--json"])).toEqual({ stdout: '{"record":1}\n', stderr: "note\nalert\n" });
  expect(everything(["--quiet"])).toEqual({ stdout: "result\n", stderr: "alert\n" });
  expect(everything(["--", "--json"])).toEqual({ stdout: "result\n", stderr: "note\nalert\n" });
});

test("styles only on a terminal", () => {
  const styled = (terminal: boolean) => createOutput(streams({ terminal }).io, modeOf([])).style("bold", "x");
  expect(styled(false)).toBe("x");
  expect(styled(true)).toBe("\u001b[1mx\u001b[22m");
});

describe("a table on a narrow terminal", () => {
  const wide = [{ title: "name" }, { title: "note" }, { title: "size", right: true }];
  const cells = [["a rather long name", "short note", "1,234,567"], ["b", "\u001b[1ma note that is long\u001b[22m", "8"]]; // biome-ignore format: rows

  test("has its widest texts shortened, figures never", () => {
    expect(textTable(wide, cells, 35)).toBe(
      "name         note              size\n" +
        "a rather l…  short note   1,234,567\n" +
        "b            \u001b[1ma note tha…\u001b[22m          8",
    );
    for (let width = 29; width < 60; width++) {
      const lines = textTable(wide, cells, width).split("\n");
      expect(lines[1]).toMatch(/ 1,234,567$/);
      for (const line of lines) expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(width);
    }
  });

  test("has its texts shortened also where a figure is wider", () => {
    const figures = [["a rather long name", "short note", "1,234,567,890,123"]];
    expect(textTable(wide, figures, 40).split("\n")[1]).toMatch(/…\s+short note\s+1,234,567,890,123$/);
  });

  test("is a block for each row when even that is too wide", () => {
    expect(
      textTable(
        wide,
        [
          ["a", "", "1"],
          ["b", "long enough to be cut", "1,234"],
        ],
        18,
      ),
    ).toBe("name  a\nsize  1\n\nname  b\nnote  long enough to be cut\nsize  1,234");
    expect(textTable([{ title: "" }, { title: "", right: true }], [["loss", "1"]], 3)).toBe("loss  1");
  });

  test("is whole where it fits, and in a pipe", () => {
    expect(textTable(wide, cells, 50)).toBe(textTable(wide, cells));
    const { io } = streams();
    Object.assign(io.stdout, { columns: 20 });
    Object.assign(io.stderr, { isTTY: true, columns: 30 });
    expect(createOutput(io, modeOf([])).resultColumns).toBeUndefined();
    Object.assign(io.stdout, { isTTY: true });
    expect(createOutput(io, modeOf([])).resultColumns).toBe(20);
  });
});
