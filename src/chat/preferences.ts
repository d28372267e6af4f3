import type { Row } from "../data/row.ts";
import { DataError } from "../errors.ts";

/**
 * Refuses rows that say which reply is better, as TRL's preference data do: training would take one reply, or both alike.
 * @throws {DataError} naming the forms of rows that are read.
 */
export function refusePreferences({ values, where }: Row): void {
  const has = (name: string): boolean => values[name] !== null && values[name] !== undefined;
  const pair = ["chosen", "rejected"].every(has);
  const rated = ["prompt", "completion"].every(has) && typeof values.label === "boolean";
  if (!pair && !rated) return;
  const columns = pair ? "chosen and rejected" : "prompt, completion and a label of true or false";
  throw new DataError(`this row is preference data (${columns}), and training on preferences is not supported`, {
    where,
    expected: "rows to imitate: {prompt, completion}, {messages}, {conversations}, {instruction, output} or {text}",
    hint: pair
      ? "to imitate the better replies alone, write prompt and chosen as {prompt, completion}; DPO needs another library."
      : "to imitate the good replies alone, keep the rows with true and remove the column label.",
  });
}
