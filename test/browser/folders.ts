import { readdirSync, writeFileSync } from "node:fs";
import { fixture, temporaryFolder } from "../formats/temporary.ts";
import { buildExample, bundleInto, type OpenPage } from "./site.ts";

/** Files of a model that a page needs. */
export const MODEL_FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

/** Files of a fixture's model, as a page asks for them. */
export const filesOf = (model: string): { name: string; url: string }[] =>
  readdirSync(fixture(model))
    .filter((name) => MODEL_FILES.includes(name))
    .map((name) => ({ name, url: `/fixtures/${model}/${name}` }));

/** A folder of the page, copied to this disk. */
export async function copied(open: OpenPage, folder: string): Promise<string> {
  const copy = await temporaryFolder();
  for (const [name, bytes] of Object.entries(await open.ask<Record<string, string>>("read", { folder })))
    writeFileSync(`${copy}/${name}`, Buffer.from(bytes, "base64"));
  return copy;
}

/** The bundled page, in a folder that is removed after the calling test file. */
export const bundled = async (): Promise<string> => bundleInto(await temporaryFolder());

/** The built example, in a folder that is removed after the calling test file. */
export const builtExample = async (): Promise<string> => buildExample(await temporaryFolder());
