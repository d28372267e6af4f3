import { execFileSync } from "node:child_process";

const marks = globalThis as { isLowrankBuilt?: boolean };

/** Commands and the training worker are tested as they ship: compiled, once for all projects of a run. */
export default function setup(): void {
  if (marks.isLowrankBuilt) return;
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  marks.isLowrankBuilt = true;
}
