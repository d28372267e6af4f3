import { copyFile, makeFolder } from "#platform";

/**
 * Copies the tokenizer of a model byte for byte.
 * @param files Names of its files in `from`.
 * @throws {FileError} naming the file that could not be copied.
 */
export async function copyTokenizer(from: string, to: string, files: readonly string[]): Promise<void> {
  await makeFolder(to);
  for (const name of files) await copyFile(`${from}/${name}`, `${to}/${name}`);
}
