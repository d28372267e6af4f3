import {
  column,
  type Evaluated,
  type ReportRow,
  type ReportTable,
  type TaskReport,
} from "../../tasks/reports/report.ts";
import { shortPlace, shortText } from "./short.ts";

/** Examples that a report lists. */
export const MOST_EXAMPLES = 20;

/** Model and data of an evaluation, by the names of `evaluation.json`. */
export interface EvaluationFacts {
  readonly model: string;
  /** Adapter or whole fine-tuned model; absent: the base model alone was evaluated. */
  readonly adapter?: string;
  readonly task_type: string;
  readonly problem_type?: string;
  readonly dataset: string;
  readonly split: string;
  /** Files that the split is read from; none of rows in memory. */
  readonly files: readonly string[];
}

/** One of the worst examples: its cells, and the place and text of its row. */
export interface QuotedExample {
  readonly cells: ReportRow;
  /** `file:line`. */
  readonly where: string;
  readonly text: string;
}

/** An evaluation, as its report has it. */
export interface Evaluation {
  readonly facts: EvaluationFacts;
  readonly metrics: Readonly<Record<string, number>>;
  readonly tables: readonly ReportTable[];
}

/**
 * The report of scores. It says nothing of the machine: of the paths of rows only the last part stays.
 * @param worst The worst examples, the worst first.
 */
export function evaluationOf(
  report: TaskReport,
  scores: Evaluated,
  facts: EvaluationFacts,
  worst: readonly QuotedExample[],
): Evaluation {
  const figures = Object.entries({ ...scores.metrics, ...report.scores?.(scores) });
  const examples: ReportTable = {
    key: "worst_examples",
    ...report.worst,
    columns: [column.place("where"), ...report.worst.columns, column.text("text")],
    rows: worst.map(({ cells, where, text }) => ({ where, ...cells, text: shortText(text) })),
  };
  return {
    facts,
    metrics: Object.fromEntries(figures.filter((entry): entry is [string, number] => typeof entry[1] === "number")),
    tables: [...report.tables(scores), examples].map(withShortLocations),
  };
}

function withShortLocations(table: ReportTable): ReportTable {
  const locations = table.columns.filter(({ kind }) => kind === "place").map(({ key }) => key);
  const shorter = (row: ReportRow): ReportRow =>
    Object.fromEntries(
      Object.entries(row).map(([key, cell]) => [key, locations.includes(key) ? shortPlace(String(cell)) : cell]),
    );
  return { ...table, rows: table.rows.map(shorter) };
}
