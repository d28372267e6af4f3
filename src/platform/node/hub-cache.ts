import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../contract.ts";

/**
 * The folder of downloaded models, shared with Python: `HF_HUB_CACHE`, else `$HF_HOME/hub`, else
 * `~/.cache/huggingface/hub` (under `XDG_CACHE_HOME` if that is set). An empty variable counts as unset.
 *
 * @see huggingface/huggingface_hub, constants.py
 */
export const hubCacheFolder = (env: Environment = process.env): string =>
  expand(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), "hub"), env);

/** The file that logging in with Python's `hf auth login` leaves the token in: `HF_TOKEN_PATH`, else `$HF_HOME/token`. */
export const hubTokenFile = (env: Environment = process.env): string =>
  expand(env.HF_TOKEN_PATH || join(hubHome(env), "token"), env);

const hubHome = (env: Environment): string => env.HF_HOME || join(env.XDG_CACHE_HOME || "~/.cache", "huggingface");

/** A leading `~` and `$NAME` as a shell would read them; an unknown name stays as it is. */
const expand = (path: string, env: Environment): string =>
  path
    .replace(/^~(?=$|[/\\])/, homedir())
    .replace(/\$(?:(\w+)|\{(\w+)\})/g, (whole, plain, braced) => env[plain ?? braced] ?? whole);

/** Environment variables by name. */
export const environment = (): Environment => process.env;
