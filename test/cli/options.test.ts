import { Command } from "commander";
import { expect, test } from "vitest";
import { addRecipeFlags, foldFlags, overridesIn } from "../../src/cli/shared/options.ts";

const command = addRecipeFlags(new Command("train").argument("<recipe>").option("--dry-run"));
const fold = (line: string) => foldFlags(line.split(" "), command.options).join(" ");

test.each([
  ["--learning-rate 1e-4", "--learning_rate 1e-4"],
  ["--learning_rate=1e-4", "--learning_rate=1e-4"],
  ["--bnb-4bit_quant-type=fp4", "--bnb_4bit_quant_type=fp4"],
  ["--dry_run r.yaml", "--dry-run r.yaml"],
  ["--packing r.yaml", "--packing=true r.yaml"],
  ["--packing false r.yaml", "--packing=false r.yaml"],
  ["r.yaml --packing", "r.yaml --packing=true"],
  ["--output-dir --dry_run", "--output_dir --dry_run"],
  ["--text-column=a=b-c", "--text_column=a=b-c"],
  ["--lo-rar 3", "--lo-rar 3"],
  ["-h r-1.yaml -- --dry_run", "-h r-1.yaml -- --dry_run"],
])("%s becomes %s", (given, folded) => expect(fold(given)).toBe(folded));

test.each([
  [
    "--adapter_name_or_path a --adapter_name_or_path b",
    "--adapter_name_or_path is given twice: a and b",
    "npx lowrank merge",
  ],
  [
    "--adapter-name-or-path=a --seed 1 --adapter_name_or_path b",
    "--adapter_name_or_path is given twice: a and b",
    "hint:",
  ],
  ["--packing --packing false", "--packing is given twice: true and false", "expected: one of them"],
])("%s is refused", (given, message, hint) => {
  expect(() => fold(given)).toThrow(message);
  expect(() => fold(given)).toThrow(hint);
});

test("a flag that collects its values may be repeated, and one with the same value; what follows -- is no flag", () => {
  const generate = addRecipeFlags(new Command("generate"), ["seed"]);
  generate.option("--stop <text>", "", (text: string, all: string[]) => [...all, text], []);
  const line = "--stop a --stop b --seed 1 --seed=1 -- --seed 2";
  expect(foldFlags(line.split(" "), generate.options).join(" ")).toBe(line);
});

test("gives the recipe's keys as text, and only those that were given", () => {
  command.parse(foldFlags(["r.yaml", "--dry-run", "--packing", "--lora-r", "8"], command.options), { from: "user" });
  expect(overridesIn(command.opts())).toEqual({ packing: "true", lora_r: "8" });
});

test("can be limited to some keys", () => {
  const some = addRecipeFlags(new Command("predict"), ["model_name_or_path"]);
  expect(some.options.map(({ long }) => long)).toEqual(["--model_name_or_path"]);
});
