// Compiles src/ to dist/. Also npm's `prepare`: a fresh clone is runnable right after `npm ci`.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
rmSync("dist", { recursive: true, force: true });
for (const config of ["tsconfig.json", "tsconfig.web.json"]) {
  execFileSync(process.execPath, [tsc, "-p", config], { stdio: "inherit" });
}
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
