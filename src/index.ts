/**
 * The public API of `lowrank`. A verb (`train`, `plan`, …) takes a recipe, as a file has it, or a model that `loadModel`
 * opened.
 */

export * from "./api.ts";
export type { CompareEvent, ComparisonRow } from "./events/reports.ts";
export { type CompareOptions, compare } from "./node/compare/compare.ts";
export { embeddedRows, writeEmbedded } from "./provisions/provisions.ts";
