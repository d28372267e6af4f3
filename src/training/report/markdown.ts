import type { ReportColumn, ReportRow, ReportTable } from "../../tasks/reports/report.ts";
import { VERSION } from "../../version.ts";
import type { WrittenPictures } from "../pictures/write.ts";
import type { Evaluation } from "./evaluation.ts";

/** The report of an evaluation for people, as Markdown. */
export function evaluationMarkdown(
  { facts, metrics, tables }: Evaluation,
  pictures: WrittenPictures["pictures"],
): string {
  const subject =
    facts.adapter === undefined ? `${facts.model} alone` : `${facts.adapter} (base model: ${facts.model})`;
  const files = facts.files.length > 0 ? ` (${facts.files.join(", ")})` : "";
  const scores = Object.entries(metrics).filter(([name]) => name !== SAMPLES);
  const sections = [
    `# Evaluation of ${escaped(subject)}`,
    "This report quotes texts of the data. Treat it as confidentially as the data.",
    `${count(metrics[SAMPLES] ?? 0)} examples of the split ${escaped(facts.split)} of ${escaped(facts.dataset)}${escaped(files)}. ` +
      `Task: ${[facts.task_type, facts.problem_type].filter(Boolean).join(", ")}.`,
    `## Scores\n\n${table(
      [
        { key: "score", title: "score", kind: "text" },
        { key: "value", title: "value", kind: "score" },
      ],
      scores.map(([name, value]) => ({ score: name.replace(/^eval_/, ""), value })),
    )}`,
    ...tables.map(section),
    ...(pictures.length > 0
      ? [`## Pictures\n\n${pictures.map(({ file, alt }) => `![${alt}](${file})`).join("\n\n")}`]
      : []),
    `Made with lowrank ${VERSION}.`,
  ];
  return `${sections.join("\n\n")}\n`;
}

const SAMPLES = "eval_samples";

function section({ title, note, columns, rows }: ReportTable): string {
  return `## ${title}\n\n${note}\n\n${rows.length > 0 ? table(columns, rows) : "None."}`;
}

function table(columns: readonly ReportColumn[], rows: readonly ReportRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rules = columns.map(({ kind }) => (kind === "count" || kind === "score" ? "---:" : "---"));
  const body = rows.map((row) => line(columns.map((column) => cellText(row[column.key], column))));
  return [line(columns.map(({ title }) => title)), line(rules), ...body].join("\n");
}

function cellText(cell: string | number | undefined, { kind }: ReportColumn): string {
  if (typeof cell !== "number") return escaped(cell ?? "");
  return kind === "count" ? count(cell) : score(cell);
}

const count = (n: number): string => n.toLocaleString("en-US");

/** Four decimals; six digits of large values, and an exponent where decimals would show nothing. */
function score(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(2);
  return Math.abs(value) < 1000 ? value.toFixed(4) : String(Number(value.toPrecision(6)));
}

/** Text that Markdown shows as it is. An underscore in a word is none of its marks. */
const escaped = (text: string): string =>
  text.replace(/[\\`*~[\]<>|&#$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&");
