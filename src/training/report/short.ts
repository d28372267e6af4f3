/** Most characters of a text in a report: the width of a terminal. */
const TEXT_WIDTH = 80;

/** A text on one line, shortened to the width of a terminal. */
export function shortText(text: string): string {
  const characters = [...text.replace(/[\s\p{Cc}\p{Cs}]+/gu, " ").trim()];
  return characters.length <= TEXT_WIDTH ? characters.join("") : `${characters.slice(0, TEXT_WIDTH - 1).join("")}…`;
}

/** The place of a row without the folders of its file: `test.jsonl:17`. */
export const shortPlace = (where: string): string => where.replace(/^.*[/\\](?=[^/\\]*:\d+(?: |$))/, "");
