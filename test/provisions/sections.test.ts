import { describe, expect, test } from "vitest";
import { blocksOf } from "../../src/provisions/blocks.ts";
import { isTitle } from "../../src/provisions/headings.ts";
import { sectionsOf } from "../../src/provisions/sections.ts";

const KNOWN = ["Termination", "No warranty"];
/** `heading > heading: text`, a line a paragraph. */
const outline = (text: string): string[] =>
  sectionsOf(text, (title) => KNOWN.includes(title)).map(({ headings, text }) => `${headings.join(" > ")}: ${text}`);

describe("paragraphs", () => {
  const texts = (text: string) => blocksOf(text).map(({ text }) => text);

  test("wrapped lines are one, up to a blank line or an item", () => {
    expect(texts("one\ntwo\n\nthree\n(a) four\n  five\n* six")).toEqual(["one two", "three", "(a) four five", "* six"]);
  });

  test("long lines are one each, unless the next goes on in the middle of a sentence", () => {
    const long = "word ".repeat(40);
    expect(texts(`${long}ends.\nAnother ends.`)).toEqual([`${long}ends.`, "Another ends."]);
    expect(texts(`${long}and\ngoes on.`)).toEqual([`${long}and goes on.`]);
    expect(texts(`${long}under the\nLicense.`)).toEqual([`${long}under the License.`]);
  });

  test("a number that is referred to begins none", () => {
    expect(texts("as said in Section\n2.1 of this License")).toEqual(["as said in Section 2.1 of this License"]);
  });

  test.each([
    ["boxes", "* One goes *\n* on.      *\n*          *\n* Two.     *"],
    ["comment signs", "# One goes\n# on.\n#\n# Two."],
    ["Windows line ends", "One goes\r\non.\r\n\r\nTwo."],
  ])("%s are taken away", (_, text) => expect(texts(text)).toEqual(["One goes on.", "Two."]));

  test("know their line, and whether they are marked as headings", () => {
    expect(blocksOf("\nTitle\n-----\n\n## Second\nText\nmore").map(({ line, marked }) => [line, marked])).toEqual([
      [2, 1],
      [5, 2],
      [6, 0],
    ]);
  });
});

describe("headings", () => {
  test.each([
    ["on a line of its own", "1. Definitions\n\nYou are whoever reads this."],
    ["above its text", "1. Definitions\nYou are whoever reads this."],
    ["before its text", "1. Definitions. You are whoever reads this."],
    ["behind a dash", "Section 1 – Definitions\n\nYou are whoever reads this."],
    ["behind a word", "ARTICLE 1. DEFINITIONS\n\nYou are whoever reads this."],
    ["in Markdown", "## Definitions\n\nYou are whoever reads this."],
    ["underlined", "Definitions\n===========\nYou are whoever reads this."],
  ])("%s", (_, text) => {
    const [paragraph, ...more] = sectionsOf(text, () => false);
    expect(more).toEqual([]);
    expect(paragraph?.headings.map((title) => title.toLowerCase())).toEqual(["definitions"]);
    expect(paragraph?.text).toBe("You are whoever reads this.");
  });

  test("stand below each other by their numbers", () => {
    const text =
      "1. Terms\n\n1.1. Grant. You may use it as you like.\n\n1.2. Notices\nYou must keep them.\n\n2. Law\nIt is ours.";
    expect(outline(text)).toEqual([
      "Terms > Grant: You may use it as you like.",
      "Terms > Notices: You must keep them.",
      "Law: It is ours.",
    ]);
  });

  test("a section ends where its numbers go on without a heading, not at the items of a list", () => {
    expect(outline("5. Rights\n\nYou may:\n\n1. use it\n\n2. keep it\n\n6. This is not a right.")).toEqual([
      "Rights: You may: (1) use it",
      "Rights: keep it",
      ": This is not a right.",
    ]);
    expect(outline("2. Law\n\n2.1. Place\nIt is here.\n\n2.2. This is no place.")).toEqual([
      "Law > Place: It is here.",
      "Law: This is no place.",
    ]);
  });

  test("known ones need no capitals", () => {
    expect(outline("No warranty\n\nThere is none.\n\nNo such heading\n\nThere is text.")).toEqual([
      "No warranty: There is none.",
      "No warranty: No such heading",
      "No warranty: There is text.",
    ]);
  });

  test.each([
    "The Licensor Shall Not",
    "Without Warranty",
    "“Licensor”",
    "Copyright 2020 Someone",
    "A Title That Goes On and On for Far Too Many Words to Be One",
    "Warranties of",
    "See https://example.org",
  ])("not a title: %s", (text) => expect(isTitle(text, "any")).toBe(false));

  test.each(["Limitation of Liability", "U.S. Government End Users", "GENERAL; DEFINITIONS"])("a title: %s", (text) =>
    expect(isTitle(text, "capitals")).toBe(true),
  );
});

describe("items", () => {
  test("belong to the sentence that they continue", () => {
    expect(outline("You may:\n(a) use it;\n(b) keep it; and\n(c) sell it.\n\nNot more.")).toEqual([
      ": You may: (a) use it; (b) keep it; and (c) sell it.",
      ": Not more.",
    ]);
  });

  test("that are sentences stand alone", () => {
    expect(outline("In this License:\n1.1 “You” means you.\n1.2 “We” means us.")).toEqual([
      ": In this License:",
      ": “You” means you.",
      ": “We” means us.",
    ]);
  });

  test("are not joined to what is long already", () => {
    const long = `You may ${"really ".repeat(300)}:`;
    expect(outline(`${long}\n(a) use it.`)).toEqual([`: ${long}`, ": use it."]);
  });
});
