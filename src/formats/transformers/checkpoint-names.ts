/** Relation of the names in a checkpoint to those of the model that an adapter was made for. */
export interface CheckpointNames {
  /** The stored name of a parameter; `undefined` when the checkpoint lacks it. */
  stored(param: string): string | undefined;
  /** The name to write a stored tensor under. */
  written(stored: string): string;
  /** The name to write a parameter under that the checkpoint lacks. */
  added(param: string): string;
}

/**
 * Finds out whether names agree, or one side hangs the base model under a prefix (`bert.`, `model.`) that the other,
 * a bare base, lacks. A bare checkpoint is written under the names of the adapter's model, as transformers would.
 * @param tensors The checkpoint's, by name.
 * @param params Names of weights in the adapter's model, at least one of which the checkpoint holds.
 */
export function checkpointNames(tensors: ReadonlyMap<string, unknown>, params: readonly string[]): CheckpointNames {
  const has = (name: string): boolean => tensors.has(name);
  const same = (name: string): string => name;
  const stems = [...new Set([...tensors.keys()].map(firstSegment))];
  const own = [...new Set(params.map(firstSegment))];
  const spellings: CheckpointNames[] = [
    { stored: (param) => param, written: same, added: same },
    ...own.map((stem) => ({ stored: without(stem), written: (name: string) => `${stem}.${name}`, added: same })),
    ...stems.map((stem) => ({ stored: under(stem), written: same, added: under(stem) })),
  ];
  const fits = ({ stored }: CheckpointNames): boolean => params.some((param) => has(stored(param) ?? ""));
  const { stored, ...names } = spellings.find(fits) ?? (spellings[0] as CheckpointNames);
  return { ...names, stored: (param) => [stored(param), former(stored(param))].find((name) => name && has(name)) };
}

const firstSegment = (path: string): string => path.split(".", 1)[0] as string;

const without = (stem: string) => (param: string) =>
  param.startsWith(`${stem}.`) ? param.slice(stem.length + 1) : param;

const under = (stem: string) => (param: string) => `${stem}.${param}`;

/** The norm names of the first BERT files. */
const former = (name: string | undefined): string | undefined =>
  name?.replace(/(LayerNorm)\.weight$/, "$1.gamma").replace(/(LayerNorm)\.bias$/, "$1.beta");
