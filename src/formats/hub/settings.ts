import { environment, exists, hubTokenFile, readText } from "#platform";
import { CheckpointError } from "../../errors.ts";
import type { Environment } from "../../platform/contract.ts"; // by its path: types are also read where `#` names are not
import { shownAddress } from "./address.ts";
import { TIMEOUT_SECONDS } from "./patience.ts";

/** Seconds. Beyond a day nobody waits, and timers of JavaScript end at 24 days. */
const LONGEST_TIMEOUT = 86_400;

/** Address of the Hub and the token, from the variables that Python's huggingface_hub reads. */
export interface HubSettings {
  /** Without a slash at its end, and without credentials: it may be shown. */
  readonly endpoint: string;
  /** True when there is a token, for messages. */
  readonly hasToken: boolean;
  /** The header that goes to the endpoint alone. Never shown. */
  readonly authorization?: string;
  /** Seconds that a server may take to answer, and to send some bytes. */
  readonly timeoutSeconds: number;
}

/** `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`): nothing may touch the network. */
export const isOffline = (env: Environment = environment()): boolean =>
  /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE || "");

/**
 * `HF_ENDPOINT`, else the Hub itself; `HF_TOKEN`, else the token file, else the name and password in `HF_ENDPOINT`;
 * `HF_HUB_DOWNLOAD_TIMEOUT`.
 * @throws {FileError} when that cannot be read. @throws {CheckpointError} when either is malformed; no message shows a token.
 */
export async function hubSettings(env: Environment = environment()): Promise<HubSettings> {
  const token = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || (await storedToken(env)) || "").trim();
  const address = env.HF_ENDPOINT || "https://huggingface.co";
  const url = /^https?:[^?#]*$/.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  if (!url) {
    throw new CheckpointError(`HF_ENDPOINT is not a valid address: ${shownAddress(address)}`, {
      expected: "such as https://huggingface.co",
    });
  }
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new CheckpointError("the Hub token contains invalid characters", {
      where: `HF_TOKEN, or ${hubTokenFile(env)}`,
      expected: "letters and digits after hf_",
    });
  }
  const authorization = token === "" ? basic(url) : `Bearer ${token}`;
  return {
    endpoint: shownAddress(url).replace(/\/+$/, ""),
    hasToken: token !== "",
    ...(authorization !== undefined && { authorization }),
    timeoutSeconds: timeoutOf(env.HF_HUB_DOWNLOAD_TIMEOUT || String(TIMEOUT_SECONDS)),
  };
}

/** Settings for the server of a model's own address, which gets no token. */
export const addressSettings = (address: string, { timeoutSeconds }: HubSettings): HubSettings => ({
  endpoint: address,
  hasToken: false,
  timeoutSeconds,
});

/** A name and a password within an address, as the header that they mean: fetch takes none in an address. */
function basic({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const form = new URLSearchParams(`u=${username}&p=${password}`.replaceAll("+", "%2B")); // accepts a lone percent sign
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${form.get("u")}:${form.get("p")}`)))}`;
}

function timeoutOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= LONGEST_TIMEOUT) return seconds;
  throw new CheckpointError(`HF_HUB_DOWNLOAD_TIMEOUT is not a valid timeout: ${text}`, {
    expected: `seconds, at most ${LONGEST_TIMEOUT}`,
  });
}

async function storedToken(env: Environment): Promise<string | undefined> {
  const file = hubTokenFile(env);
  return (await exists(file)) ? readText(file) : undefined;
}
