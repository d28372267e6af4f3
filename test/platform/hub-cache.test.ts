import { homedir } from "node:os";
import { expect, test } from "vitest";
import { hubCacheFolder } from "../../src/platform/node/index.ts";

test.each([
  [{}, `${homedir()}/.cache/huggingface/hub`],
  [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }, "/h/hub"],
  [{ HF_HOME: "~/h" }, `${homedir()}/h/hub`],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable as a shell writes it
  [{ HF_HOME: "$DISK/${USER}$NONE", DISK: "/d", USER: "u" }, "/d/u$NONE/hub"],
  [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
  [{ HF_HUB_CACHE: "/c", HUGGINGFACE_HUB_CACHE: "/old", HF_HOME: "/h" }, "/c"],
  [{ HF_HUB_CACHE: "", HF_HOME: "/h" }, "/h/hub"],
])("%j → %s", (env, folder) => expect(hubCacheFolder(env)).toBe(folder));
