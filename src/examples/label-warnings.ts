import { folded, integerOf } from "./label-names.ts";
import type { Labelled, Labels } from "./labels.ts";

/** Labels that a warning names; the rest is counted. */
const SHOWN = 5;

/** Reasons to look at the labels of a split again: some read alike, or numbers were taken for ids of named classes. */
export function labelWarnings(found: readonly Labelled[], labels: Labels): string[] {
  return [...lookalikes(found), ...readAsIds(found, labels)];
}

/** Labels that a reader may take for one, as `"spam"` and `"spam "`: they are classes of their own. */
function lookalikes(found: readonly Labelled[]): string[] {
  const groups = new Map<string, Map<string, Labelled>>();
  for (const labelled of found) {
    const key = folded(labelled.label);
    const group = groups.get(key) ?? new Map<string, Labelled>();
    if (!group.has(String(labelled.label))) group.set(String(labelled.label), labelled);
    groups.set(key, group);
  }
  const alike = [...groups.values()].filter(({ size }) => size > 1);
  if (alike.length === 0) return [];
  const shown = alike.slice(0, SHOWN).map((group) =>
    [...group.values()].map(({ label, where }) => `${visible(String(label))} (${where})`).join(" and "),
  ); // biome-ignore format: a chain
  return [
    "these labels differ only in white space, case or Unicode form, but each is its own class: " +
      `${shown.join("; ")}${rest(alike.length)}`,
  ];
}

/** Numbers in the data under names that are not theirs. `LABEL_0` and the like, which stand for numbers, are. */
function readAsIds(found: readonly Labelled[], labels: Labels): string[] {
  const names = new Map<string, string>();
  for (const { label, where } of found) {
    const integer = integerOf(label);
    if (integer === undefined) continue;
    const name = labels.names[labels.idOf(label, where)] as string;
    if (integerOf(name) === undefined && name !== `LABEL_${integer}`) names.set(integer, name);
  }
  if (names.size === 0) return [];
  const shown = [...names].slice(0, SHOWN).map(([number, name]) => `${number} is ${JSON.stringify(name)}`);
  const from = labels.source === undefined ? "" : `, from id2label in ${labels.source}`;
  return [`numeric labels are read as ids of the named classes${from}: ${shown.join(", ")}${rest(names.size)}`];
}

const rest = (count: number): string => (count > SHOWN ? `, and ${count - SHOWN} more` : "");

/** A label in quotes, with escapes for what cannot be seen. */
const visible = (label: string): string =>
  JSON.stringify(label).replace(
    /(?! )[\p{Cf}\p{Zs}\p{M}]/gu,
    (char) => `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, "0")}`,
  );
