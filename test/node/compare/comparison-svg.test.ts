import { expect, test } from "vitest";
import { textWidth } from "../../../src/charts/svg.ts";
import type { ComparisonRow } from "../../../src/events/reports.ts";
import { comparisonSvg } from "../../../src/node/compare/comparison-svg.ts";
import { all, parsed } from "../../charts/drawing.ts";
import { rowOf } from "./comparison-rows.ts";

const rows = [
  rowOf("full", 0, { peakRssBytes: 2.31e9, trainableParameters: 22.7e6, macroF1: 0.812 }),
  rowOf("lora", 0, { peakRssBytes: 1.18e9 }),
  rowOf("qlora", 0, { peakRssBytes: 1.09e9, macroF1: 0.795 }),
  rowOf("adapter", 0, { peakRssBytes: 1.24e9, trainableParameters: 61e4, macroF1: 0.806 }),
  rowOf("gradual", 0, { peakRssBytes: 2.2e9, trainableParameters: 22.7e6, macroF1: 0.809 }),
];

/** The names of methods, with the boxes that they cover. */
function names(svg: string): { name: string; x: number; y: number; width: number }[] {
  const found = svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" class="name"[^>]*>(\w+)</g);
  return [...found].map(([, x, y, name]) => ({ name: name!, x: Number(x), y: Number(y), width: textWidth(name!, 13) }));
}

function overlaps(svg: string): string[] {
  const all = names(svg);
  return all.flatMap((a, i) =>
    all
      .slice(i + 1)
      .filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < 13)
      .map((b) => `${a.name} and ${b.name}`),
  );
}

test("names every method once a panel, none over another", () => {
  const svg = comparisonSvg(rows);
  const expected = rows.map(({ method }) => method);
  expect(names(svg).map(({ name }) => name)).toEqual([...expected, ...expected]);
  expect(overlaps(svg)).toEqual([]);
});

test("stays readable when all runs are alike", () => {
  expect(overlaps(comparisonSvg(rows.map((row) => ({ ...rowOf(row.method), microF1: 0.9 }))))).toEqual([]);
});

test("draws a point and an interval a run, also of several seeds", () => {
  const seeds = [0, 1, 2].flatMap((seed) => rows.map((row): ComparisonRow => ({ ...row, seed })));
  const svg = comparisonSvg(seeds);
  const points = all(parsed(svg), "g").filter(({ attributes }) => attributes["stroke-width"] === "1.5");
  expect(points).toHaveLength(2 * seeds.length);
  expect(names(svg)).toHaveLength(2 * rows.length);
});

test("says what the axes are, in units that fit", () => {
  expect(comparisonSvg(rows)).toContain(">peak memory (GB)<");
  expect(comparisonSvg([rowOf("lora", 0, { peakRssBytes: 2.1e8 })])).toContain(">peak memory (MB)<");
  expect(comparisonSvg(rows)).toContain(">trainable parameters (log scale)<");
});

test("points that coincide stand side by side, in shapes of their own, and the picture says so", () => {
  const note = "Points that would hide each other stand side by side.";
  const svg = comparisonSvg(rows.map(({ method }) => rowOf(method)));
  const places = all(parsed(svg), "g").filter(({ attributes }) => attributes["stroke-width"] === "1.5");
  const left = places.slice(0, rows.length).map(({ children }) => Number(children[0]!.attributes.x1));
  const gaps = left.slice(1).map((x, i) => x - left[i]!);
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(10);
  expect(svg).toContain(note);
  expect(comparisonSvg([rowOf("lora")])).not.toContain(note);
});

test("is well-formed, markup in names escaped", () => {
  const svg = comparisonSvg([rowOf('<b a="&">')]);
  expect(all(parsed(svg), "text").map(({ text }) => text)).toContain('<b a="&">');
});
