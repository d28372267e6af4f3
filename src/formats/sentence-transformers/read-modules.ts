import { exists } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { DEFAULT_POOLING, POOLING_MODES, type PoolingMode } from "../../models/parts/pooling.ts";
import { brief, isObject, type JsonObject, parseJson, readJsonBytes, readJsonObject } from "../json/json.ts";
import { DEFAULT_MODULES, FILES, type SentenceModules } from "./modules.ts";

/** Flags of a `1_Pooling/config.json` before sentence-transformers 5.4, and the modes that they stand for. */
const FLAGS: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: "cls",
  pooling_mode_max_tokens: "max",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_mean_sqrt_len_tokens: "mean_sqrt_len_tokens",
  pooling_mode_weightedmean_tokens: "weightedmean",
  pooling_mode_lasttoken: "lasttoken",
};

/** Modules in the order in which they run; the last may be left out. */
const ORDER = ["Transformer", "Pooling", "Normalize"] as const;

/** A module that `modules.json` lists. */
interface Listed {
  readonly name: string;
  /** Its folder, from the model's own. */
  readonly path: string;
}

/**
 * Reads what the files of sentence-transformers say of a model. Without `modules.json`: the mean of the hidden states, as
 * sentence-transformers takes it of such a model.
 * @throws {CheckpointError} for a module or a pooling mode that is not supported, or a malformed file.
 */
export async function readModules(folder: string): Promise<SentenceModules> {
  const path = `${folder}/${FILES.modules}`;
  const listed = (await exists(path)) ? await readList(path) : undefined;
  const pooling = listed?.find(({ name }) => name === "Pooling");
  const settings = await readOr(`${folder}/${FILES.settings}`);
  const { max_seq_length } = await readOr(`${folder}/${FILES.transformer}`);
  const { prompts, default_prompt_name } = settings;
  return {
    ...DEFAULT_MODULES,
    ...(pooling && (await readPooling(`${folder}/${pooling.path}/config.json`))),
    normalize: listed?.some(({ name }) => name === "Normalize") ?? false,
    ...(Number.isInteger(max_seq_length) && Number(max_seq_length) > 0 && { maxLength: Number(max_seq_length) }),
    ...(isObject(prompts) && { prompts: textsIn(prompts) }),
    ...(typeof default_prompt_name === "string" && { defaultPrompt: default_prompt_name }),
    settings,
  };
}

const readOr = async (path: string): Promise<JsonObject> => ((await exists(path)) ? readJsonObject(path) : {});

const textsIn = (prompts: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(prompts).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );

/** The modules of a list, in order. @throws {CheckpointError} for others than those that are supported. */
async function readList(path: string): Promise<readonly Listed[]> {
  const list = parseJson(await readJsonBytes(path), path);
  if (!Array.isArray(list)) throw new CheckpointError(`${path} must hold a list of modules`);
  const modules = list.map((entry: unknown): Listed => {
    const { type, path: at } = isObject(entry) ? entry : {};
    if (
      typeof type === "string" &&
      typeof at === "string" &&
      !/^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/i.test(at)
    ) {
      return { name: type.split(".").at(-1) ?? "", path: at };
    }
    throw new CheckpointError(`${path} lists ${brief(entry)}`, {
      expected: 'a "type" and a "path" in the model\'s folder',
    });
  });
  const names = modules.map(({ name }) => name);
  const isKnown = names.length >= 2 && names.every((name, i) => name === ORDER[i]);
  if (isKnown && modules[0]?.path === "") return modules;
  throw new CheckpointError(
    isKnown
      ? `${path} places the transformer in ${modules[0]?.path}`
      : `the modules ${names.join(", ")} are not supported`,
    {
      where: path,
      expected: `${ORDER.slice(0, 2).join(", ")}${isKnown ? "" : ` and, if at all, ${ORDER[2]}`}, the transformer in the folder itself`,
      hint: "load the model with a recent sentence-transformers and save it again: it writes such folders.",
    },
  );
}

/** Mode and prompts of a pooling module. @throws {CheckpointError} for a mode that is not supported, or several. */
async function readPooling(path: string): Promise<Pick<SentenceModules, "mode" | "poolsPrompt">> {
  const config = await readJsonObject(path);
  const { pooling_mode, include_prompt } = config;
  const flagged = Object.keys(FLAGS).filter((flag) => config[flag] === true);
  const modes: unknown[] = pooling_mode === undefined ? flagged.map((flag) => FLAGS[flag]) : [pooling_mode].flat();
  const [given = DEFAULT_POOLING.mode] = modes;
  const mode = POOLING_MODES.find((known): known is PoolingMode => known === given);
  if (mode !== undefined && modes.length <= 1) return { mode, poolsPrompt: include_prompt !== false };
  throw new CheckpointError(`the pooling ${modes.map(String).join(" and ")} is not supported`, {
    where: path,
    expected: `one of ${POOLING_MODES.join(", ")}`,
  });
}
