import { ADAPTER_NAME } from "../peft/houlsby.ts";

const PARAM = /^(.+)\.adapters\.[^.]+\.(adapter_(?:down\.0|up)\.(?:weight|bias))$/;

/** adapter-hub hangs DistilBERT's adapters on the layer, not on the modules whose outputs they take. */
const THEIRS: Readonly<Record<string, string>> = { attention: "attention_adapters", ffn: "output_adapters" };
const OURS = Object.fromEntries(Object.entries(THEIRS).map(([ours, theirs]) => [theirs, ours]));

/** adapter-hub's key of a parameter in the adapter `name`; `undefined` for one outside adapters. */
export const hubKeyOf = (param: string, name: string): string | undefined => respelled(param, THEIRS, name);

/** The parameter of one of adapter-hub's keys, whatever the adapter's name; `undefined` for a key of another kind. */
export const paramOfHubKey = (key: string): string | undefined => respelled(key, OURS, ADAPTER_NAME);

function respelled(key: string, sites: Readonly<Record<string, string>>, name: string): string | undefined {
  const [, site, end] = PARAM.exec(key) ?? [];
  if (site === undefined) return undefined;
  const path = site.replace(/(?<=\.transformer\.layer\.\d+\.)\w+$/, (module) => sites[module] ?? module);
  return `${path}.adapters.${name}.${end}`;
}
