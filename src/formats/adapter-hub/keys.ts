import { ADAPTER_NAME } from "../../peft/houlsby.ts";

const PARAM = /^(.+)\.adapters\.[^.]+\.(adapter_(?:down\.0|up)\.(?:weight|bias))$/;

/** adapter-hub's key of a parameter in the adapter `name`; `undefined` for one outside adapters. */
export function hubKeyOf(param: string, name: string): string | undefined {
  const [, holder, end] = PARAM.exec(param) ?? [];
  return holder === undefined ? undefined : `${holder}.adapters.${name}.${end}`;
}

/** The parameter of one of adapter-hub's keys, whatever the adapter's name; `undefined` for a key of another kind. */
export const paramOfHubKey = (key: string): string | undefined => hubKeyOf(key, ADAPTER_NAME);
