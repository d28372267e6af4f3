import { execFileSync } from "node:child_process";

/** Commands and the training worker are tested as they ship: compiled. */
export default function setup(): void {
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
}
