import { exists, isFolder, readText, writeTextAtomic } from "#platform";
import { RecipeError } from "../errors.ts";
import { CHAT_TEMPLATE, loadTokenizer } from "../tokenizer/tokenizer.ts";
import type { BaseFiles } from "./base-files.ts";

/**
 * The files of a base model with another chat template, if there is one: the file that lies beside an adapter, which was
 * trained with it, or what a recipe names. It is written beside what is trained.
 *
 * @param nameOrPath A Jinja file, a folder with a tokenizer, or the name of one of the model's own templates.
 * @param adapter Folder of an adapter.
 * @throws {RecipeError} when the recipe names none of these.
 */
export async function withChatTemplate(
  files: BaseFiles,
  nameOrPath: string | undefined,
  adapter: string | undefined,
): Promise<BaseFiles> {
  const beside = adapter === undefined ? undefined : await textOf(`${adapter}/${CHAT_TEMPLATE}`);
  if (beside !== undefined) return replaced(files, beside);
  if (nameOrPath === undefined) return files;
  const { namedTemplates } = files.tokenizer;
  const named = namedTemplates.get(nameOrPath) ?? (await readTemplate(nameOrPath, [...namedTemplates.keys()]));
  return replaced(files, named);
}

const replaced = (files: BaseFiles, chatTemplate: string): BaseFiles => ({
  ...files,
  tokenizer: { ...files.tokenizer, chatTemplate },
  async writeTokenizer(folder) {
    await files.writeTokenizer(folder);
    await writeTextAtomic(`${folder}/${CHAT_TEMPLATE}`, chatTemplate);
  },
});

async function readTemplate(path: string, names: readonly string[]): Promise<string> {
  const found = (await isFolder(path)) ? (await loadTokenizer(path)).chatTemplate : await textOf(path);
  if (found !== undefined) return found;
  const own =
    names.length > 0 ? `one of the model's own templates (${names.join(", ")})` : "the model has no named templates";
  throw new RecipeError(`there is no chat template ${path}.`, {
    where: "chat_template",
    expected: `a Jinja file, a folder with a tokenizer that has a template; ${own}`,
  });
}

const textOf = async (path: string): Promise<string | undefined> => ((await exists(path)) ? readText(path) : undefined);
