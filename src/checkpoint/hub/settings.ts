import { exists, hubTokenFile, readText } from "../../platform/node.ts";

/** Where the Hub is, and who asks; from the variables that Python's huggingface_hub reads. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string;
}

type Environment = NodeJS.ProcessEnv;

/** `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`): nothing may touch the network. */
export const isOffline = (env: Environment = process.env): boolean =>
  /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE || "");

/** `HF_ENDPOINT`, else the Hub itself; `HF_TOKEN`, else the token file. @throws {FileError} when that cannot be read. */
export async function hubSettings(env: Environment = process.env): Promise<HubSettings> {
  const token = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || (await storedToken(env)) || "";
  const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  return { endpoint, ...(token.trim() !== "" && { token: token.trim() }) };
}

async function storedToken(env: Environment): Promise<string | undefined> {
  const file = hubTokenFile(env);
  return (await exists(file)) ? readText(file) : undefined;
}
