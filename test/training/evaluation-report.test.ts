import { expect, test } from "vitest";
import { column, type TaskReport } from "../../src/tasks/reports/report.ts";
import { evaluationOf } from "../../src/training/report/evaluation.ts";
import { evaluationMarkdown } from "../../src/training/report/markdown.ts";
import { shortPlace, shortText } from "../../src/training/report/short.ts";
import { VERSION } from "../../src/version.ts";

const report: TaskReport = {
  scores: () => ({ eval_more: 0.5 }),
  tables: () => [{ key: "empty", title: "Empty", note: "Nothing.", columns: [column.text("a")], rows: [] }],
  worst: {
    title: "Worst",
    note: "Worst first.",
    columns: [column.place("other"), column.count("n"), column.score("loss")],
  },
};
const facts = { model: "org/base", task_type: "A_TASK", dataset: "data", split: "test", files: ["test.jsonl"] };
const evaluation = evaluationOf(
  report,
  { metrics: { eval_loss: 1.23456, eval_samples: 1200, eval_per_class: {} }, predictions: {} },
  facts,
  [
    {
      where: "/home/somebody/data/test.jsonl:17",
      cells: { other: "C:\\data\\test.csv:3 and 2 more", n: 1234, loss: 0.0001234 },
      text: "a | b\n<img src=x> *snake_case* `code` _em_ [link](x) &amp; \u001b[31m",
    },
  ],
);

test("scores that are numbers, tables, and the worst examples without the folders of their files", () => {
  expect(evaluation.metrics).toEqual({ eval_loss: 1.23456, eval_samples: 1200, eval_more: 0.5 });
  expect(evaluation.tables.map(({ key }) => key)).toEqual(["empty", "worst_examples"]);
  const [row] = evaluation.tables[1]!.rows;
  expect(row).toMatchObject({ where: "test.jsonl:17", other: "test.csv:3 and 2 more", n: 1234, loss: 0.0001234 });
});

test("the report for people says first that it quotes data, and shows texts as they are", () => {
  const text = evaluationMarkdown(evaluation, [{ file: "evaluation-a.svg", alt: "a picture" }]);
  expect(text.replace(VERSION, "1.2.3")).toMatchInlineSnapshot(`
    "# Evaluation of org/base alone

    This report quotes texts of the data. Treat it as confidentially as the data.

    1,200 examples of the split test of data (test.jsonl). Task: A_TASK.

    ## Scores

    | score | value |
    | --- | ---: |
    | loss | 1.2346 |
    | more | 0.5000 |

    ## Empty

    Nothing.

    None.

    ## Worst

    Worst first.

    | where | other | n | loss | text |
    | --- | --- | ---: | ---: | --- |
    | test.jsonl:17 | test.csv:3 and 2 more | 1,234 | 1.23e-4 | a \\| b \\<img src=x\\> \\*snake_case\\* \\\`code\\\` \\_em\\_ \\[link\\](x) \\&amp; \\[31m |

    ## Pictures

    ![a picture](evaluation-a.svg)

    Made with lowrank 1.2.3.
    "
  `);
});

test("an adapter is named with its base", () => {
  const [heading] = evaluationMarkdown({ ...evaluation, facts: { ...facts, adapter: "lora" } }, []).split("\n");
  expect(heading).toBe("# Evaluation of lora (base model: org/base)");
});

test("texts are one line of at most 80 characters, never cut within one", () => {
  expect(shortText("  a\n\tb  ")).toBe("a b");
  expect([...shortText("𠀋".repeat(81))]).toHaveLength(80);
  expect(shortText("𠀋".repeat(81))).toMatch(/^𠀋+…$/u);
  expect(shortText("x".repeat(80))).toBe("x".repeat(80));
});

test.each([
  ["MIT.txt:9 § Grant of a/b", "MIT.txt:9 § Grant of a/b"],
  ["data/test.jsonl:2", "test.jsonl:2"],
  ["/a b/c:d/test.csv:2", "test.csv:2"],
  ["test[3]", "test[3]"],
])("%s is shown as %s", (where, short) => expect(shortPlace(where)).toBe(short));
