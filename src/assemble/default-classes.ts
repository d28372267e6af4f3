import type { Id2Label } from "../examples/labels.ts";
import type { Base } from "../prepared/prepared.ts";
import type { TaskType } from "../task-types/index.ts";
import { nameInCheckpoint } from "./weights.ts";

/**
 * The classes of a stored head that `config.json` does not name: LABEL_0, LABEL_1, … transformers leaves `id2label` out
 * where it holds the default.
 */
export function defaultClasses({ architecture, checkpoint }: Base, task: TaskType): Id2Label {
  const { config, tensors } = checkpoint;
  const [one, two] = [1, 2].map((labels) => architecture.build(config, task, labels));
  const output = two?.params.find(({ origin, shape }) => `${one?.named(origin.name)?.shape}` !== `${shape}`);
  const name = output && nameInCheckpoint(output.origin.name, { checkpoint, basePrefix: architecture.basePrefix });
  const count = name === undefined ? 0 : (tensors.get(name)?.shape[0] ?? 0);
  return Object.fromEntries(Array.from({ length: count }, (_, id) => [id, `LABEL_${id}`]));
}
