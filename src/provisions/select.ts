import { leadersOf, shinglesOf, wordsOf } from "./duplicates.ts";
import { labelsOfTitle, type ProvisionLabel } from "./labels.ts";
import { anyOf } from "./patterns.ts";
import { type Paragraph, sectionsOf } from "./sections.ts";

/** A paragraph of a licence and what it does, by the heading it stood below. */
export interface Provision {
  /** Without heading and number. */
  readonly text: string;
  readonly label: ProvisionLabel;
  /** SPDX identifier of the licence. */
  readonly license: string;
  /** Number of its first line in the licence text, from 1. */
  readonly line: number;
  /** The heading that gave the label. */
  readonly heading: string;
  /** Hashes that near-duplicates and families are compared by. */
  readonly shingles: ReadonlySet<number>;
}

/** Fewer words say too little: `"License" means this document.` */
const FEWEST_WORDS = 10;
/** Rows of one label from one licence, so that no licence's long list is a class of its own. */
const MOST_OF_ONE_LICENSE = 8;
/** Jaccard similarity of shingles from which two provisions are the same. */
const NEAR_DUPLICATE = 0.8;

/** A sentence that gives a word its meaning, in whatever section it stands. */
const DEFINES = anyOf(
  /^(?:(?:an?|the|contributor's) )?["“‘'][^"”]{2,60}["”’'](?: \S+){0,4}? (?:means?|is|are|refers?|includes?)\b/i,
  /^.{0,150}["”] (?:shall )?means? /,
);

/** Words that a paragraph must and must not contain: sections on two subjects under one heading are frequent. */
const ABOUT: Readonly<Partial<Record<ProvisionLabel, RegExp>>> = {
  definitions: /^["“‘']|\bmeans?\b|\brefers?\b|\bdefined\b|^(?:an?|the) ["“‘']/i,
  "warranty disclaimer": anyOf(
    /\bwarrant|\bas[ -](?:is|available)\b|\bguarant|\brepresent|responsib/i,
    /\brisks?\b|\berrors?\b|\bfaults?\b|suitab|\bfitness\b/,
  ),
  "limitation of liability": /\bliab|\bdamages\b/i,
};
const NOT_ABOUT: Readonly<Partial<Record<ProvisionLabel, RegExp>>> = {
  definitions: /^(?:if )?you\b(?! (?:means|refers))/i,
  "grant of rights": anyOf(
    /^(?!.*\b(?:copyright|intellectual property)\b).*\bpatents?\b|^(?!.*\bgrants?\b).*\bmust\b/i,
    /^(?:neither|nothing|no|you may not)\b|\bendorse\b|\brepresents\b|\bassurances\b/,
    /copyright \(c\)|as is\b|\bthis licen[sc]e without modification/,
  ),
  "distribution and modification": /\bversions? of this licen[sc]e\b|\bmodify this licen[sc]e\b/i,
  "warranty disclaimer": /\bliable\b|\bliability\b|\bdamages\b/i,
  "limitation of liability": /\bas[ -]is\b|\bwithout (?:any )?warrant|\bdisclaims?\b/i,
  "general provisions": /\bterminat|trademark|warrant|\bliab|\bpatents?\b/i,
};

/** All provisions of the English licences, given by identifier; of licences with one and the same text the first. */
export function findProvisions(licenses: ReadonlyMap<string, string>): Provision[] {
  const seen = new Set<string>();
  return [...licenses].flatMap(([license, text]) => {
    if (seen.has(text) || !isEnglish(text)) return [];
    seen.add(text);
    return labelled(license, text);
  });
}

/**
 * Each provision once: of near-duplicates the first, and none of them where their labels differ; no more than a few of
 * one label from one licence.
 */
export function distinctProvisions(provisions: readonly Provision[]): Provision[] {
  const leaders = leadersOf(
    provisions.map(({ shingles }) => shingles),
    NEAR_DUPLICATE,
  );
  const disputed = new Set(leaders.filter((leader, at) => provisions[leader]?.label !== provisions[at]?.label));
  const counts = new Map<string, number>();
  return provisions.filter(({ license, label }, at) => {
    if (leaders[at] !== at || disputed.has(at)) return false;
    const count = (counts.get(`${license} ${label}`) ?? 0) + 1;
    counts.set(`${license} ${label}`, count);
    return count <= MOST_OF_ONE_LICENSE;
  });
}

function labelled(license: string, text: string): Provision[] {
  return sectionsOf(text, (title) => labelsOfTitle(title).length > 0).flatMap((paragraph) => {
    const { text, line, headings } = paragraph;
    const label = isWhole(text) ? labelOf(paragraph) : undefined;
    return label ? [{ text, label, license, line, heading: headings.at(-1) ?? "", shingles: shinglesOf(text) }] : [];
  });
}

/**
 * The label that the innermost heading gives, or that of its two which the text is about. A heading that no class knows
 * gives none, but below `definitions` it is the word that is defined.
 */
function labelOf({ text, headings, numbered }: Paragraph): ProvisionLabel | undefined {
  const claims = labelsOfTitle(headings.at(-1) ?? "");
  const defined = headings.slice(0, -1).some((title) => labelsOfTitle(title)[0] === "definitions");
  if (defined && claims.length > 0) return undefined;
  const labels = (defined ? ["definitions" as const] : claims).filter(
    (label) => ABOUT[label]?.test(text) !== false && !NOT_ABOUT[label]?.test(text),
  );
  const [label] = labels;
  if (labels.length !== 1 || (label !== "definitions" && DEFINES.test(text))) return undefined;
  return label === "purpose" && numbered ? undefined : label; // a preamble ends where numbers begin
}

/** True when a paragraph begins and ends as sentences do, is long enough, in Latin letters, and no notice to copy. */
const isWhole = (text: string): boolean =>
  !/^["“]?(?:Portions )?Copyright \(|^(?:The contents of t|T)his file\b/.test(text) &&
  /^["“‘'([]?[A-Z]/.test(text) &&
  /[.;!?)"”’]$/.test(text) &&
  wordsOf(text).length >= FEWEST_WORDS &&
  (text.match(/[^\x20-\x7E“”‘’–—]/g)?.length ?? 0) < 0.02 * text.length;

const FUNCTION_WORDS = new Set("the of and to in or any for this is by that with not be you your as".split(" "));

/** True when a text begins in English: more than 15 % of its first words are among the most frequent ones of English. */
export function isEnglish(text: string): boolean {
  const words = wordsOf(text.slice(0, 10_000));
  return words.filter((word) => FUNCTION_WORDS.has(word)).length > 0.15 * words.length;
}
