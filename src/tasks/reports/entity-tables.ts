import { areEntityTags, entityScores } from "../../metrics/entities.ts";
import { CLASS_SCORES, classReport } from "./class-tables.ts";
import { column, type Evaluated, type ReportTable, type TaskReport } from "./report.ts";

/** Tags of the words of each example, true and predicted. */
interface Tagged {
  readonly labels: readonly (readonly string[])[];
  readonly predictions: readonly (readonly string[])[];
}

/** Tags by example, from the columns of `eval_predictions.json`. */
export function tagsOf({ predictions: columns }: Pick<Evaluated, "predictions">): Tagged {
  const { classes, examples = [] } = columns;
  const byExample = (ids: readonly unknown[] = []): string[][] => {
    const tags = new Map<unknown, string[]>();
    for (const [at, example] of examples.entries()) {
      const tag = classes?.[ids[at] as number] as string;
      const known = tags.get(example);
      if (known) known.push(tag);
      else tags.set(example, [tag]);
    }
    return [...tags.values()];
  };
  return { labels: byExample(columns.labels), predictions: byExample(columns.predictions) };
}

function entitiesTable(evaluated: Evaluated): ReportTable {
  const { labels, predictions } = tagsOf(evaluated);
  return {
    key: "entities",
    title: "Entities",
    note: "An entity is right when its start, its end and its type are; support is the number of entities in the labels.",
    columns: [column.text("type"), ...CLASS_SCORES],
    rows: entityScores(labels, predictions).types.map(({ class: type, ...scores }) => ({ type, ...scores })),
  };
}

/** Report of a classifier of words. */
export const wordReport: TaskReport = {
  scores: classReport.scores,
  tables(evaluated) {
    const hasEntities = areEntityTags(evaluated.predictions.classes as readonly string[]);
    return [...(hasEntities ? [entitiesTable(evaluated)] : []), ...classReport.tables(evaluated)];
  },
  worst: {
    title: "Most wrong sentences",
    note: "Sentences with the largest loss, summed over their words, and the first words with a wrong label.",
    columns: [
      column.count("wrong", "wrong words"),
      column.count("words"),
      column.score("loss"),
      column.text("mistakes"),
    ],
  },
};
