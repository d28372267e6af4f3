import { describe, expect, test } from "vitest";
import { labelsOfTitle } from "../../src/provisions/labels.ts";
import { distinctProvisions, findProvisions, isEnglish } from "../../src/provisions/select.ts";

const GRANT = "The Licensor hereby grants You a right to copy and to show the Work in all the world.";
const ENDS = "This License and the rights that it gives to You end as soon as You do not comply with any of its terms.";
const AS_IS = "The Work is provided to You as it is, without any warranty, and You use it at Your own risk as a whole.";
const NO_DAMAGES =
  "In no event is the Licensor liable to You for any of the damages that the use of the Work may bring.";
const PLAIN = "If any part of this is not valid in the law of a place, the rest of it is valid there as it was before.";

const find = (text: string) => findProvisions(new Map([["Test-1.0", text]]));
/** `label: text`, a line a provision. */
const labelled = (text: string): string[] => find(text).map(({ label, text }) => `${label}: ${text}`);

describe("titles", () => {
  test.each([
    ["Definitions", "definitions"],
    ["General; Definitions", "definitions"],
    ["PREAMBLE", "purpose"],
    ["License Grant", "grant of rights"],
    ["Grant of Copyright License", "grant of rights"],
    ["Grant of Patent License", "patents"],
    ["Redistribution", "distribution and modification"],
    ["Larger Works", "distribution and modification"],
    ["Required Notices", "notices and trademarks"],
    ["Trademarks", "notices and trademarks"],
    ["Term and Termination", "termination"],
    ["Representations, Warranties and Disclaimer", undefined],
    ["Disclaimer of Warranty", "warranty disclaimer"],
    ["Limitation on Liability", "limitation of liability"],
    ["Jurisdiction, Venue and Governing Law", "general provisions"],
    ["New Versions", "general provisions"],
    ["Mozilla Public License", undefined],
    ["TERMS AND CONDITIONS FOR COPYING, DISTRIBUTION AND MODIFICATION", undefined],
    ["Fair Use Rights", undefined],
  ])("%s: %s", (title, label) => expect(labelsOfTitle(title)).toEqual(label === undefined ? [] : [label]));

  test("may speak of two things", () => {
    expect(labelsOfTitle("Termination for Patent Action")).toEqual(["patents", "termination"]);
  });
});

describe("provisions", () => {
  test("have the label of their heading, which is gone from the text, and know their place", () => {
    expect(find(`A license\n\n2. Termination. ${ENDS}\n\n3. GRANT OF RIGHTS\n\n${GRANT}`)).toMatchObject([
      { text: ENDS, label: "termination", license: "Test-1.0", line: 3, heading: "Termination" },
      { text: GRANT, label: "grant of rights", line: 7, heading: "GRANT OF RIGHTS" },
    ]);
  });

  test("below headings that no class knows, or that two claim, are none", () => {
    expect(labelled(`1. Fair Use\n\n${PLAIN}\n\n2. Termination for Patent Action\n\n${ENDS}`)).toEqual([]);
    expect(labelled(PLAIN)).toEqual([]);
  });

  test("below a heading of warranty and liability have the label of what they speak of", () => {
    expect(labelled(`5. No Warranty; Limitation of Liability\n\n${AS_IS}\n\n${NO_DAMAGES}\n\n${PLAIN}`)).toEqual([
      `warranty disclaimer: ${AS_IS}`,
      `limitation of liability: ${NO_DAMAGES}`,
    ]);
  });

  test("that speak of what another class is about are none", () => {
    expect(labelled(`5. No Warranty\n\n${NO_DAMAGES}\n\n6. Miscellaneous\n\n${NO_DAMAGES}\n\n${PLAIN}`)).toEqual([
      `general provisions: ${PLAIN}`,
    ]);
  });

  test("that define a word are definitions, and none elsewhere", () => {
    const defines = "“Work” means what the Licensor has made and what is given to You under the terms of this License.";
    const names = `1. Definitions\n\n${defines}\n\nLicensor: The person who gives it, which means the one who has the right to do so.`;
    expect(labelled(`${names}\n\nIf You like, You may do all that is written in the other sections of this.`)).toEqual([
      `definitions: ${defines}`,
      "definitions: The person who gives it, which means the one who has the right to do so.",
    ]);
    expect(labelled(`7. Patents\n\n${defines}`)).toEqual([]);
  });

  test("of a preamble end where numbers begin", () => {
    const purpose = "We have made this License so that all of You may use what we have made and give it to others.";
    expect(labelled(`Preamble\n\n${purpose}\n\n1. ${GRANT}`)).toEqual([`purpose: ${purpose}`]);
  });

  test.each([
    ["short ones", "It ends when You do not comply."],
    ["pieces of sentences", `and ${ENDS}`],
    ["what leads to a list", ENDS.replace(".", ":")],
    ["notices to be copied", `Copyright (c) 2020 Someone. ${ENDS}`],
    ["other scripts", `${ENDS} ${"本许可证自动终止".repeat(4)}.`],
  ])("%s are none", (_, text) => expect(labelled(`2. Termination\n\n${text}`)).toEqual([]));

  test("have no emphasis and no link targets", () => {
    expect(labelled(`## Termination\n\n***${ENDS}***`)).toEqual([`termination: ${ENDS}`]);
    expect(labelled(`## Termination\n\n${ENDS.replace("terms", "[terms](#terms)")}`)).toEqual([`termination: ${ENDS}`]);
  });

  test("are of English licences, of one text only once", () => {
    const text = `2. Termination\n\n${ENDS}`;
    const german = `2. Termination\n\nDiese Lizenz endet, sobald Sie gegen eine ihrer Bedingungen verstoßen, ohne Weiteres.`;
    const found = findProvisions(new Map([["A", german], ["B", text], ["C", text]])); // biome-ignore format: a table
    expect(found.map(({ license }) => license)).toEqual(["B"]);
    expect(isEnglish(german)).toBe(false);
  });
});

describe("distinct provisions", () => {
  const distinct = (licenses: Record<string, string>) =>
    distinctProvisions(findProvisions(new Map(Object.entries(licenses)))).map(({ license, label }) => [license, label]);
  const nearly = `${ENDS} ${PLAIN}`;

  test("are the first of those that are nearly the same", () => {
    const other = nearly.replace("before", "then");
    expect(distinct({ A: `1. Termination\n\n${nearly}`, B: `9. Termination\n\n${other}` })).toEqual([
      ["A", "termination"],
    ]);
    expect(distinct({ A: `1. Termination\n\n${ENDS}`, B: `9. Termination\n\n${nearly}` })).toHaveLength(2);
  });

  test("are none where licences put them below different headings", () => {
    expect(
      distinct({ A: `1. Termination\n\n${ENDS}`, B: `9. Patents\n\n${ENDS} `, C: `1. Purpose\n\n${ENDS}` }),
    ).toEqual([]);
  });

  test("are at most eight of a label from a licence", () => {
    const many = Array.from({ length: 12 }, (_, i) => `In the case of ${`${i} `.repeat(20)}this is at an end for You.`);
    expect(distinct({ A: `1. Termination\n\n${many.join("\n\n")}\n\n2. Patents\n\n${ENDS}` })).toEqual([
      ...Array(8).fill(["A", "termination"]),
      ["A", "patents"],
    ]);
  });
});
