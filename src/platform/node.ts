/** The platform room for Node: the only door to files, hashes and the process. */
export { pause } from "./clock.ts";
export {
  copyFile,
  exists,
  fileSize,
  isFolder,
  listFolder,
  makeFolder,
  type OpenFile,
  openFile,
  readBytes,
  readChunks,
  readText,
  removeFolder,
} from "./files.ts";
export { sha256File } from "./hash.ts";
export { hubCacheFolder, hubTokenFile } from "./hub-cache.ts";
export { type Line, readLines, readTextChunks, readThrough } from "./lines.ts";
export { type LinkOptions, liesIn, linkFile } from "./links.ts";
export { type Machine, machine, whoRuns } from "./machine.ts";
export { peakRssBytes, rssBytes } from "./memory.ts";
export { ownPath, packageFolder } from "./packages.ts";
export { type ProcessEnd, spawnJsonLines } from "./processes.ts";
export { openScratch, type ScratchFile } from "./scratch.ts";
export { removeStale } from "./stale.ts";
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
