import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRows } from "../../src/data/read.ts";
import { packageFolder } from "../../src/platform/node/index.ts";
import { jaccard, shinglesOf } from "../../src/provisions/duplicates.ts";
import { PROVISION_LABELS } from "../../src/provisions/labels.ts";
import { EMBEDDED_SPLITS, embeddedRows, writeEmbedded } from "../../src/provisions/provisions.ts";
import { collected } from "../data/collected.ts";
import { folderWith } from "../data/temporary.ts";

const splits = Object.fromEntries(
  await Promise.all(EMBEDDED_SPLITS.map(async (split) => [split, await embeddedRows(split)] as const)),
);
const all = EMBEDDED_SPLITS.flatMap((split) => splits[split]!);
const text = ({ values }: { values: Readonly<Record<string, unknown>> }) => values.text as string;
/** `MPL-2.0.txt:57 § Definitions`, apart. */
const place = ({ where }: { where: string }) => /^(.+)\.txt:(\d+) § (.+)$/.exec(where)!.slice(1);

describe("the embedded data set", () => {
  test("is what it was", () => {
    const counts = PROVISION_LABELS.map((label) => [
      label,
      ...EMBEDDED_SPLITS.map((split) => splits[split]!.filter(({ values }) => values.label === label).length),
    ]);
    expect(counts).toEqual([
      ["definitions", 350, 42, 75],
      ["purpose", 134, 16, 32],
      ["grant of rights", 70, 8, 19],
      ["patents", 33, 6, 12],
      ["distribution and modification", 164, 21, 41],
      ["notices and trademarks", 49, 6, 15],
      ["termination", 78, 13, 28],
      ["warranty disclaimer", 62, 9, 18],
      ["limitation of liability", 45, 5, 11],
      ["general provisions", 198, 18, 34],
    ]);
    const digest = (split: string) =>
      createHash("sha256").update(JSON.stringify(splits[split])).digest("hex").slice(0, 16);
    expect(EMBEDDED_SPLITS.map(digest)).toEqual(["0e42f5c2ac35e0f3", "51dd01b11ea56ecf", "b78981e7b1b94990"]);
  });

  test("has its rows' places: the licence, the line, the heading", () => {
    const licenses = JSON.parse(readFileSync(join(packageFolder("spdx-license-list"), "spdx-full.json"), "utf8"));
    const letters = (string: string) => string.replace(/\]\([^)]*\)|[^a-z0-9]/gi, "");
    const whole = new Map<string, string>();
    for (const row of all) {
      const [license = "", line, heading = ""] = place(row);
      const source: string = licenses[license].licenseText;
      if (!whole.has(license)) whole.set(license, letters(source));
      expect(whole.get(license), row.where).toContain(letters(heading));
      const from = source.split(/\r?\n/).slice(Number(line) - 1, Number(line) + 11);
      expect(letters(from.join(" ")), row.where).toContain(letters(text(row)).slice(0, 20));
    }
  });

  test("has no provision twice, nor nearly", () => {
    const shingles = all.map((row) => shinglesOf(text(row)));
    const holders = new Map<number, number[]>();
    for (const [at, set] of shingles.entries()) {
      const others = new Set([...set].flatMap((shingle) => holders.get(shingle) ?? []));
      const alike = [...others].filter((other) => jaccard(set, shingles[other]!) >= 0.8);
      expect(
        alike.map((other) => all[other]!.where),
        all[at]!.where,
      ).toEqual([]);
      for (const shingle of set) holders.set(shingle, [...(holders.get(shingle) ?? []), at]);
    }
  });

  test("has no licence family in two splits", () => {
    const families = EMBEDDED_SPLITS.map(
      (split) => new Set(splits[split]!.map((row) => /^\d*[a-z]+/i.exec(row.where)![0])),
    );
    for (const [at, names] of families.entries()) {
      for (const later of families.slice(at + 1)) expect([...names].filter((name) => later.has(name))).toEqual([]);
    }
    const gnu = ["GPL", "LGPL", "AGPL", "GFDL"];
    expect(gnu.map((name) => families.findIndex((names) => names.has(name)))).toEqual([0, 0, 0, 0]);
    expect(families.findIndex((names) => names.has("MPL"))).toBe(families.findIndex((names) => names.has("CDDL")));
  });

  test("has no heading in front of a text", () => {
    const left = all.filter((row) =>
      text(row)
        .toLowerCase()
        .startsWith(`${place(row)[2]!.toLowerCase()}.`),
    );
    expect(left).toEqual([]);
  });

  test("gives every caller rows of their own", async () => {
    const rows = await embeddedRows("dev");
    rows.pop();
    expect(await embeddedRows("dev")).toHaveLength(rows.length + 1);
  });

  test("writes files that read as the same rows", async () => {
    const folder = join(await folderWith({}), "embedded");
    await writeEmbedded(folder);
    for (const split of EMBEDDED_SPLITS) {
      const rows = await collected(await readRows(folder, split));
      expect(rows.map(({ values }) => values)).toEqual(
        splits[split]!.map(({ values, where }) => ({ ...values, where })),
      );
    }
  });
});
