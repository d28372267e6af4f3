import { anyOf } from "./patterns.ts";

/** The classes: what a provision does, in the words of section headings. */
export const PROVISION_LABELS = [
  "definitions",
  "purpose",
  "grant of rights",
  "patents",
  "distribution and modification",
  "notices and trademarks",
  "termination",
  "warranty disclaimer",
  "limitation of liability",
  "general provisions",
] as const;

/** One of {@link PROVISION_LABELS}. */
export type ProvisionLabel = (typeof PROVISION_LABELS)[number];

/** Titles of sections, in lower case, by what the sections hold. */
const TITLES: Readonly<Record<ProvisionLabel, RegExp>> = {
  definitions: /\bdefinitions?\b|^glossary$|^defined terms$/,
  purpose: anyOf(
    /^(?:preamble|(?:part \w+: )?introduction|.*\bbackground)$/,
    /^(?:the |statement of )?purpose(?: of this licen[sc]e)?$/,
  ),
  "grant of rights": anyOf(
    /licen[sc]e grants?$/,
    /^grants?(?: of (?:rights?|licen[sc]e|(?:copyright|source code) licen[sc]e|licen[sc]e from \w+))?$/,
    /^(?:your|contributor|(?:the )?initial developer) grants?$/,
    /^(?:scope of )?(?:the )?rights granted|^permissions?(?: granted)?$|^basic permissions$/,
    /^(?:copyright|basic|source code|changes and new works) licen[sc]e$|^rights? (?:to|of) use$|^your rights$/,
  ),
  patents: /\bpatents?\b(?<!non-patent)/,
  "distribution and modification": anyOf(
    /\bdistribut|redistribut|\bcopying\b|\bconveying\b|copyleft|availab/,
    /(?:access to|communication|provision) .*source/,
    /\bmodif|\bderivatives?\b|larger works?|\bcombin|adaptations?\b|aggregation/,
  ),
  "notices and trademarks": anyOf(
    /^(?:required |licen[sc]e |provide )?notices\b|^licen[sc]e notice$|retention of notice|^credits?$/,
    /^(?:user-visible |copyright |additional term: )?attribution(?: rights?)?$|^rights? of attribution$/,
    /\btrademarks?\b|endors|advertising materials|branding/,
  ),
  termination: /terminat|^(?:effective date and )?term$|^duration$|^violations?$|licen[sc]e violation/,
  "warranty disclaimer": /\bwarrant(?:y|ies)\b|^(?:general )?disclaimers?$/,
  "limitation of liability": /\bliabilit|\bdamages\b/,
  "general provisions": anyOf(
    /^(?:miscellaneous|general)(?: provisions| terms)?$|severab|entire (?:agreement|understanding)|^(?:no )?waiver\b/,
    /relationship of (?:the )?parties|^assignment$|^interpretation$/,
    /\b(?:govern(?:ing)?|applicable|choice of) law\b|jurisdiction|dispute|^litigation$|\bvenue\b|arbitration/,
    /versions? of (?:the|this) (?:gnu .*)?(?:licen[sc]e|agreement)|new (?:licen[sc]e )?versions/,
    /later licen[sc]e versions|future revisions|^amendments$|^versioning$/,
  ),
};

/** Titles of whole documents, of their appendices, and of sections on several things at once. */
const NO_SECTION = anyOf(
  /\b(?:public|open|software|free|data|distribution) licen[sc]e\b|licen[sc]e agreement/,
  /licen[sc]e.*(?:version|\bv)\W?\d/,
  /^(?:exhibit|appendix|creative commons|notice pursuant|copyright (?:and|notice))/,
  /terms and conditions|conditions on distribution|^copying policies/,
  /(?:modification|derivative works) of this licen[sc]e|representations, warranties and|accepting warranty/,
  /^licen[sc]e grants;|^exclusions|grant of future/,
);

/** The classes that claim a section by its title: none, one or several; `definitions` yields to no other. */
export function labelsOfTitle(title: string): readonly ProvisionLabel[] {
  const lower = title.toLowerCase();
  if (NO_SECTION.test(lower)) return [];
  const labels = PROVISION_LABELS.filter((label) => TITLES[label].test(lower));
  return labels[0] === "definitions" ? ["definitions"] : labels;
}
