/** Documents: pasted, dropped, chosen, or the embedded ones; then the columns. */
import type { Columns, Documents, NamedFile } from "../protocol.ts";
import { byId, el, setText } from "./dom.ts";
import type { State } from "./state.ts";
import { count, counted } from "./words.ts";

/** Rows of the preview. */
const SHOWN = 6;

/** Labels that are counted one by one. */
const MOST_LABELS = 12;

/** Pasted rows as a file: its name says the format that they seem to have. */
export function pastedFile(text: string): NamedFile {
  const start = text.trimStart()[0];
  const [line = ""] = text.trimStart().split("\n", 1);
  const ending = start === "{" ? "jsonl" : start === "[" ? "json" : line.includes("\t") ? "tsv" : "csv";
  return { name: `pasted.${ending}`, blob: new Blob([text]) };
}

/** Texts in folders as rows: the label is the folder's name. `undefined` where files are not such texts. */
export async function rowsOfTexts(files: readonly NamedFile[]): Promise<NamedFile | undefined> {
  const texts = files.filter(({ name }) => /\.(txt|md)$/i.test(name) && name.includes("/"));
  if (texts.length === 0 || texts.length < files.length / 2) return undefined;
  const rows = texts.map(async ({ name, blob }) => {
    const [label = "", file = ""] = name.split("/").slice(-2);
    return `${JSON.stringify({ text: await blob.text(), label, file })}\n`;
  });
  return { name: "documents.jsonl", blob: new Blob(await Promise.all(rows)) };
}

/** The columns that are read: those that were chosen before, where they are still there, else those that the package guesses. */
export const columnsOf = ({ guess, columns }: Documents, earlier?: Columns): Partial<Columns> =>
  earlier && columns.includes(earlier.text) && columns.includes(earlier.label) ? earlier : (guess ?? {});

/** What was found, in a sentence. */
export function foundText({ name, size, splits, columns }: Documents): string {
  const title = name === "embedded" ? "Legal provisions" : name;
  const others = splits.filter((split) => split !== "train");
  const beside = others.length > 0 ? ` to train on, and the splits ${others.join(" and ")}` : "";
  return `${title}: ${counted(size, "row")}${beside}; columns ${columns.join(", ")}.`;
}

/** How often each label occurs, the most frequent first, in a sentence. */
export function labelsText({ first, size }: Documents, label: string | undefined): string {
  if (label === undefined) return "No label column is chosen yet.";
  const counts = new Map<string, number>();
  for (const row of first) counts.set(String(row[label]), (counts.get(String(row[label])) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const some = sorted.slice(0, MOST_LABELS).map(([name, times]) => `${name} ${count(times)}`);
  const rest = sorted.length > MOST_LABELS ? `, and ${sorted.length - MOST_LABELS} more` : "";
  const where = size > first.length ? ` in the first ${count(first.length)} rows` : "";
  return `${counted(sorted.length, "label")}${where}: ${some.join(", ")}${rest}.`;
}

/** Shows the documents. @param choose Called when a column is given a role. */
export const documentsView =
  (choose: (role: keyof Columns, column: string) => void) => (now: State, before?: State) => {
    const { documents, columns, busy } = now;
    byId<HTMLButtonElement>("paste-use").disabled = busy !== undefined;
    for (const id of ["files-choose", "folder-choose", "provisions"])
      byId<HTMLButtonElement>(id).disabled = busy !== undefined;
    if (documents === before?.documents && columns === before?.columns) return;
    byId("preview").classList.toggle("empty", !documents);
    if (!documents) return;
    setText("found", foundText(documents));
    setText("labels", labelsText(documents, columns.label));
    const focused = (document.activeElement as HTMLElement | null)?.dataset.role;
    byId("rows").replaceChildren(...previewRows(documents, columns, choose));
    if (focused !== undefined)
      byId("rows")
        .querySelector<HTMLElement>(`[data-role="${CSS.escape(focused)}"]`)
        ?.focus();
  };

function previewRows(
  { columns, first }: Documents,
  chosen: Partial<Columns>,
  choose: (role: keyof Columns, column: string) => void,
): HTMLElement[] {
  const classOf = (column: string) => ({ class: column === chosen.text || column === chosen.label ? "chosen" : "" });
  const button = (role: keyof Columns, column: string): HTMLElement =>
    el(
      "button",
      {
        type: "button",
        "aria-pressed": String(chosen[role] === column),
        "aria-label": `${role === "text" ? "Text" : "Label"}: column ${column}`,
        "data-role": `${role} ${column}`,
        click: () => choose(role, column),
      },
      role === "text" ? "Text" : "Label",
    );
  const heads = columns.map((column) =>
    el(
      "th",
      { scope: "col", ...classOf(column) },
      column,
      el("div", { class: "role" }, button("text", column), button("label", column)),
    ),
  );
  const rows = first
    .slice(0, SHOWN)
    .map((row) =>
      el(
        "tr",
        {},
        ...columns.map((column) => el("td", classOf(column), el("div", { class: "clip" }, cellText(row[column])))),
      ),
    );
  return [el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)];
}

/** A cell, not longer than can be seen. */
const cellText = (value: unknown): string =>
  (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, 400);
