import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** Description of SwiftShader, a software GPU, for Vulkan's loader; in the folder of Chromium, with that loader. */
const DESCRIPTION = "vk_swiftshader_icd.json";

const { LOWRANK_CHROMIUM: chromium } = process.env;
const folders = [...(chromium && existsSync(chromium) ? [dirname(realpathSync(chromium))] : []), "/usr/lib/chromium"];

/** Folder of Chromium with SwiftShader; `undefined` where there is none. */
export const SWIFTSHADER = folders.find((folder) => existsSync(join(folder, DESCRIPTION)));

/** The processes of tests begin with these variables: the loader is found by them, and by it SwiftShader. */
export default function setup(): void {
  if (SWIFTSHADER === undefined) return;
  process.env.VK_ICD_FILENAMES = join(SWIFTSHADER, DESCRIPTION);
  process.env.LD_LIBRARY_PATH = [SWIFTSHADER, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
}
