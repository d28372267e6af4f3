import { isFolder, listFolder } from "#platform";
import { copyTokenizer } from "./copy-tokenizer.ts";

const TOKENIZER =
  /^(tokenizer(_config)?\.json|tokenizer\.model|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|chat_template\.(jinja|json))$/;
const GENERATION = /^generation_config\.json$/;

/**
 * Copies what stands beside a model's weights and configuration: the tokenizer, from the adapter's folder if there is
 * one in it, and the base's generation settings.
 * @throws {FileError} naming the file that could not be copied.
 */
export async function copyModelFiles(base: string, adapter: string, to: string): Promise<void> {
  const [ofBase, ofAdapter] = [await filesIn(base), await filesIn(adapter)];
  const trained = ofAdapter.some((name) => TOKENIZER.test(name) && name.startsWith("tokenizer"));
  const [from, files] = trained ? [adapter, ofAdapter] : [base, ofBase];
  await copyTokenizer(
    from,
    to,
    files.filter((name) => TOKENIZER.test(name)),
  );
  await copyTokenizer(
    base,
    to,
    ofBase.filter((name) => GENERATION.test(name)),
  );
}

const filesIn = async (path: string): Promise<string[]> => ((await isFolder(path)) ? listFolder(path) : []);
