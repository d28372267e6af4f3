import { expect, test } from "vitest";
import { type TrainEvent, toLogRecord } from "../../../src/events/events.ts";
import { fromLogRecord } from "../../../src/node/compare/log-record.ts";
import { runHere } from "../../running.ts";

test("every event of a run comes back from its line", async () => {
  const { events } = await runHere({ max_steps: 2 });
  const all: TrainEvent[] = [
    ...events,
    { kind: "tokenize", rows: 900, total: 1200 },
    { kind: "save", step: 2, path: "out/checkpoint-2" },
    { kind: "early_stop", step: 2, message: "stopped early" },
    { kind: "warning", message: "slow" },
  ];
  expect(new Set(all.map(({ kind }) => kind))).toEqual(
    new Set(["tokenize", "start", "step", "eval", "done", "save", "early_stop", "warning"]),
  );
  for (const event of all) expect(fromLogRecord(JSON.parse(JSON.stringify(toLogRecord(event))), 2)).toEqual(event);
});

test("other lines are no events", () => {
  expect(fromLogRecord({ event: "error", code: "E_DATA" }, 2)).toBeUndefined();
});
