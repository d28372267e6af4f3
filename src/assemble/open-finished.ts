import type { Finished } from "../prepared/job.ts";
import type { Base } from "../prepared/prepared.ts";
import type { PreparedTrained } from "./open-trained.ts";
import { prepare } from "./prepare.ts";

/** A model that was trained in memory, as graphs, with its trained parameters. No weights of the base are read. */
export function prepareFinished({ trained, labels, recipe, threshold }: Finished, base: Base): PreparedTrained {
  const id2label = Object.fromEntries(labels.map((name, id) => [id, name]));
  const model = {
    ...prepare(recipe, base, undefined, id2label),
    ...(threshold !== undefined && { threshold }),
  };
  const given = new Map([...trained].map(([name, { data }]) => [name, data]));
  return { model, given, warnings: model.warnings };
}
