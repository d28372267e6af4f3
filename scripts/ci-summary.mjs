// Adds up what .ci/run recorded: a line a part (kind, name, exit status, log or reason, seconds). Exits 1 if anything failed.
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

/** The counts in vitest's last lines: `Tests  1 failed | 957 passed | 4 skipped (962)`. */
function testCounts(log, status) {
  const text = stripVTControlCharacters(readFileSync(log, "utf8"));
  const count = (line, word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  const lines = (title) => text.match(new RegExp(`^ *${title} .*$`, "gm"))?.at(-1) ?? "";
  const tests = lines("Tests");
  // A file that does not load, or a run that breaks off, fails without a failed test.
  const failed = Math.max(count(tests, "failed"), count(lines("Test Files"), "failed"), status === 0 ? 0 : 1);
  const silent = status === 0 && tests === "" ? 1 : 0;
  return { passed: count(tests, "passed"), failed: failed + silent, skipped: count(tests, "skipped") };
}

/** The last line of a campaign: `390 passed, 0 failed`. One that breaks off before it has failed. */
function campaignCounts(log, status) {
  const [, passed = 0, failed = 0] =
    [...readFileSync(log, "utf8").matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [];
  return { passed: Number(passed), failed: Math.max(Number(failed), status === 0 ? 0 : 1), skipped: 0 };
}

const counters = {
  tests: testCounts,
  campaign: campaignCounts,
  check: (_, status) => ({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 }),
  skip: () => ({ passed: 0, failed: 0, skipped: 1 }),
};

/** What is shown again of a part that failed, since a long run's output is often kept by its end alone. */
const LINES_OF_A_FAILURE = 40;

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const said = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;
const summary = [];
for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const [kind, name, status, detail, seconds] = line.split("\t");
  const counts = counters[kind](detail, Number(status));
  for (const key of Object.keys(total)) total[key] += counts[key];
  summary.push(`${name}: ${said(counts)}${kind === "skip" ? ` (${detail})` : ` (${seconds} s)`}`);
  if (counts.failed > 0) failures.push({ name, log: readFileSync(detail, "utf8") });
}
for (const { name, log } of failures) {
  const lines = stripVTControlCharacters(log).trimEnd().split("\n");
  console.log(`\n=== ${name} failed; its last lines\n${lines.slice(-LINES_OF_A_FAILURE).join("\n")}`);
}
console.log(`\n${summary.join("\n")}`);
console.log(said(total));
process.exitCode = total.failed > 0 ? 1 : 0;
