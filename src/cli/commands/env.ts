import { PROGRAM } from "../../program.ts";
import type { CliCommand } from "../shared/command.ts";
import { bytes } from "../shared/format.ts";
import { factTable } from "../shared/table.ts";

/** `lowrank env` */
export const env: CliCommand = {
  examples: [`${PROGRAM} env`, `${PROGRAM} env --json`],
  define() {},
  async run({ output }) {
    const { environment } = await import("../library/index.ts");
    const facts = await environment();
    output.record({ event: "env", ...facts });
    output.result(factTable(Object.fromEntries(Object.entries(facts).map(([name, value]) => line(name, value)))));
  },
};

function line(name: string, value: unknown): [string, string] {
  if (typeof value === "number" && name.endsWith("_bytes"))
    return [name.slice(0, -"_bytes".length).replaceAll("_", " "), bytes(value)];
  const text = Array.isArray(value)
    ? value.join(", ")
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
  return [name.replaceAll("_", " "), text];
}
