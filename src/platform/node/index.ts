/** The platform room for Node: the only door to files, hashes and the process. */
export { pause } from "./clock.ts";
export {
  copyFile,
  exists,
  fileName,
  fileSize,
  isFolder,
  listFolder,
  makeFolder,
  type OpenFile,
  openFile,
  parentFolder,
  readBytes,
  readChunks,
  readText,
  relativePath,
  removeFolder,
} from "./files.ts";
export { canonicalPath, sweepStaging, writeFilesTogether, writeFolderAtomic } from "./folders.ts";
export { newId, sha256File, sha256Text } from "./hash.ts";
export { hubCacheFolder, hubTokenFile } from "./hub-cache.ts";
export { LINE_BYTES, type Line, readLineBlocks, readLines, readTextChunks, readThrough } from "./lines.ts";
export { type LinkOptions, liesIn, linkFile } from "./links.ts";
export { checkUnlocked, type FolderLock, lockFolder, releaseFolder } from "./lock.ts";
export { type Machine, machine, whoRuns } from "./machine.ts";
export { peakRssBytes, rssBytes } from "./memory.ts";
export { ownPath, packageFolder } from "./packages.ts";
export { type ProcessEnd, printJsonLine, spawnJsonLines } from "./processes.ts";
export { openScratch, type ScratchFile } from "./scratch.ts";
export { removeStale } from "./stale.ts";
export { type StallWatch, watchStalls } from "./stall.ts";
export { disableTelemetry } from "./telemetry.ts";
export { postMessage, startThread, stopRequested, type Thread, threadJob } from "./threads.ts";
export { withinTime } from "./time-limit.ts";
export {
  appendBytes,
  type LineWriter,
  openAppend,
  writeBytesAtomic,
  writeChunksAtomic,
  writeTextAtomic,
} from "./write.ts";
