import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toRecord } from "../../src/tensorboard/record.ts";
import { runHere, temporary } from "../running.ts";

/** Data of a file's records; a record that is not as `toRecord` writes it ends the test. */
function recordsOf(path: string): Buffer[] {
  const records: Buffer[] = [];
  for (let rest = readFileSync(path); rest.length > 0; ) {
    const data = rest.subarray(12, 12 + Number(rest.readBigUInt64LE(0)));
    expect(rest.subarray(0, data.length + 16)).toEqual(Buffer.from(toRecord(data)));
    records.push(data);
    rest = rest.subarray(data.length + 16);
  }
  return records;
}

/** The figure of a tag in a record: after the tag's text come the key of `simple_value` and a float. */
function figure(record: Buffer, tag: string): number | undefined {
  const at = record.indexOf(tag);
  return at < 0 ? undefined : record.readFloatLE(at + tag.length + 1);
}

const eventFiles = (folder: string): string[] =>
  readdirSync(`${folder}/runs`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`);

describe("report_to: tensorboard", () => {
  test("a run writes the figures that it says, step by step, and its evaluation", async () => {
    const output_dir = temporary();
    const { losses } = await runHere({ method: "lora", report_to: "tensorboard", output_dir });
    const [path, ...others] = eventFiles(output_dir);
    expect(others).toEqual([]);
    expect(path).toMatch(/\/runs\/[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+\/events\.out\.tfevents\.\d+\./);

    const [version, ...records] = recordsOf(path as string);
    expect(version?.toString("latin1")).toContain("brain.Event:2");
    const written = records.map((record) => figure(record, "train/loss")).filter((loss) => loss !== undefined);
    expect(written).toEqual(losses.map(Math.fround));
    expect(records.map((record) => figure(record, "eval/loss")).filter((loss) => loss !== undefined)).toHaveLength(1);
  });

  test("nothing is written unless it is asked for", async () => {
    const output_dir = temporary();
    await runHere({ method: "lora", output_dir, max_steps: 1 });
    expect(readdirSync(output_dir)).not.toContain("runs");
  });
});
