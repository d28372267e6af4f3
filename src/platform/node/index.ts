/** The platform on Node: the only door to files, hashes and the process. */
import type { Fulfilled } from "../contract.ts";

export type * from "../contract.ts";
export { LINE_BYTES } from "../text-lines.ts";
export { pause, uptimeSeconds, yieldThread } from "./clock.ts";
export {
  copyFile,
  exists,
  fileName,
  fileSize,
  isFolder,
  listFiles,
  listFolder,
  makeFolder,
  openFile,
  parentFolder,
  readBytes,
  readChunks,
  readText,
  relativePath,
  removeFolder,
} from "./files.ts";
export { canonicalPath, removeFolderAtomic, sweepStaging, writeFilesTogether, writeFolderAtomic } from "./folders.ts";
export { newId, openHash, sha256File, sha256Text } from "./hash.ts";
export { environment, hubCacheFolder, hubTokenFile } from "./hub-cache.ts";
export { readLineBlocks, readLines, readTextChunks, readThrough } from "./lines.ts";
export { liesIn, linkFile } from "./links.ts";
export { checkUnlocked, lockFolder, releaseFolder } from "./lock.ts";
export { heapLimit, machine, whoRuns } from "./machine.ts";
export { peakRssBytes, rssBytes } from "./memory.ts";
export { ownPath, packageFolder } from "./packages.ts";
export { printJsonLine, spawnJsonLines } from "./processes.ts";
export { openScratch } from "./scratch.ts";
export { openScratchFolder } from "./scratch-folder.ts";
export { removeStale } from "./stale.ts";
export { type StallWatch, watchStalls } from "./stall.ts";
export { disableTelemetry } from "./telemetry.ts";
export { postMessage, startThread, stopRequested, threadJob } from "./threads.ts";
export { withinTime } from "./time-limit.ts";
export {
  appendBytes,
  openAppend,
  writeBytesAtomic,
  writeChunksAtomic,
  writeTextAtomic,
} from "./write.ts";

/** This module, as the contract has it. */
export type NodePlatform = Fulfilled<typeof import("./index.ts")>;
