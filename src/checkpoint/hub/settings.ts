import { CheckpointError } from "../../errors.ts";
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

/**
 * `HF_ENDPOINT`, else the Hub itself; `HF_TOKEN`, else the token file.
 * @throws {FileError} when that cannot be read. @throws {CheckpointError} when either is malformed; no message shows a token.
 */
export async function hubSettings(env: Environment = process.env): Promise<HubSettings> {
  const token = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || (await storedToken(env)) || "").trim();
  const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new CheckpointError(`HF_ENDPOINT is no address: ${endpoint}`, { expected: "such as https://huggingface.co" });
  }
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new CheckpointError("the Hub's token has characters that no token has", {
      where: `HF_TOKEN, or ${hubTokenFile(env)}`,
      expected: "letters and digits behind hf_",
    });
  }
  return { endpoint, ...(token !== "" && { token }) };
}

async function storedToken(env: Environment): Promise<string | undefined> {
  const file = hubTokenFile(env);
  return (await exists(file)) ? readText(file) : undefined;
}
