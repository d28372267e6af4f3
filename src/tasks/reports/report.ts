/** Cells of a row by column. */
export type ReportRow = Readonly<Record<string, string | number>>;

/** A column of a report's table. */
export interface ReportColumn {
  /** Name in `evaluation.json`. */
  readonly key: string;
  readonly title: string;
  /** Kind of its cells: names and texts, places of rows (`file:line`), whole numbers, or scores. */
  readonly kind: "text" | "place" | "count" | "score";
}

/** A table of a report. */
export interface ReportTable {
  /** Name in `evaluation.json`. */
  readonly key: string;
  readonly title: string;
  /** Sentence that explains the columns. */
  readonly note: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly ReportRow[];
}

/** Results of an evaluation, as reports read them. */
export interface Evaluated {
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly predictions: Readonly<Record<string, readonly unknown[]>>;
}

/** Report of a task's evaluation, beyond the scores of `eval_results.json`. */
export interface TaskReport {
  /** Scores that only the report has, by name. */
  scores?(evaluated: Evaluated): Readonly<Record<string, number>>;
  /** Tables, the most telling first. */
  tables(evaluated: Evaluated): readonly ReportTable[];
  /** Table of the worst examples: its rows are what `score` offers, each between its place and its text. */
  readonly worst: Pick<ReportTable, "title" | "note" | "columns">;
}

/** Columns by the kind of their cells. */
export const column = {
  text: (key: string, title = key): ReportColumn => ({ key, title, kind: "text" }),
  place: (key: string, title = key): ReportColumn => ({ key, title, kind: "place" }),
  count: (key: string, title = key): ReportColumn => ({ key, title, kind: "count" }),
  score: (key: string, title = key): ReportColumn => ({ key, title, kind: "score" }),
};
