import { expect, test } from "vitest";
import { bytes, count, duration, figure, percent } from "../../src/cli/shared/format.ts";
import { createOutput, modeOf } from "../../src/cli/shared/output.ts";
import { textTable } from "../../src/cli/shared/table.ts";
import { streams } from "./streams.ts";

test("figures are short and say their unit", () => {
  expect([0, 999, 1234567.8].map(count)).toEqual(["0", "999", "1,234,568"]);
  expect([0, 512, 4_610_000, 1.2345e9].map(bytes)).toEqual(["0 B", "512 B", "4.61 MB", "1.23 GB"]);
  expect([0.4213, 12.34, 125, 3599.6, 12_000].map(duration)).toEqual([
    "0.42 s",
    "12.3 s",
    "2m 05s",
    "1h 00m",
    "3h 20m",
  ]);
  expect([0.68123, 100].map(percent)).toEqual(["0.681 %", "100 %"]);
  expect([0, 2.9, 0.00012].map(figure)).toEqual(["0.0000", "2.9000", "1.20e-4"]);
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
