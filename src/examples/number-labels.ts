import { DataError } from "../errors.ts";
import { integerOf } from "./label-names.ts";
import type { Labelled, Labels } from "./labels.ts";

/** Classes beyond which labels that are all numbers are likelier values than names. */
const MANY = 20;

const KEYS =
  "problem_type: regression to predict numbers, or problem_type: single_label_classification to take each number for a class";

/**
 * Looks at labels that are all numbers where neither recipe nor model says what they stand for.
 * @returns a warning when they may be values: fractions, or many whole numbers that are no ids from 0 or 1 on.
 * @throws {DataError} for many different numbers with fractions.
 */
export function numbersAsClasses(found: readonly Labelled[], { source }: Labels): string[] {
  const numbers = found.map(({ label }) => (String(label).trim() === "" ? Number.NaN : Number(label)));
  if (source !== undefined || numbers.length < 2 || !numbers.every(Number.isFinite)) return [];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const fraction = found.find(({ label }) => integerOf(label) === undefined);
  const many = numbers.length > MANY;
  if (many && fraction) {
    throw new DataError(`the labels are ${numbers.length} different numbers, from ${low} to ${high}`, {
      where: fraction.where,
      expected: KEYS,
    });
  }
  const areIds = (low === 0 || low === 1) && high - low + 1 === numbers.length;
  if (!fraction && (!many || areIds)) return [];
  return [
    `the labels are ${numbers.length} different numbers, from ${low} to ${high}, and each is a class of its own; ` +
      `to settle it, set ${KEYS}.`,
  ];
}
