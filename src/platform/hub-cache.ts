import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder of downloaded models, shared with Python: `HF_HUB_CACHE`, else `$HF_HOME/hub`, else
 * `~/.cache/huggingface/hub` (under `XDG_CACHE_HOME` if that is set). An empty variable counts as unset.
 *
 * @see huggingface/huggingface_hub, constants.py
 */
export function hubCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || "~/.cache", "huggingface");
  return expand(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"), env);
}

/** A leading `~` and `$NAME` as a shell would read them; an unknown name stays as it is. */
const expand = (path: string, env: NodeJS.ProcessEnv): string =>
  path
    .replace(/^~(?=$|[/\\])/, homedir())
    .replace(/\$(?:(\w+)|\{(\w+)\})/g, (whole, plain, braced) => env[plain ?? braced] ?? whole);
