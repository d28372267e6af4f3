import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError } from "../../errors.ts";

/**
 * The folder of an installed package, found as Node finds it for this library: in its own `node_modules`, or in that of
 * the project it is a dependency of.
 * @throws {FileError} when the package is not installed.
 */
export function packageFolder(name: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new FileError(`the package ${name} is not installed`, {
      hint: "it is a dependency of lowrank; reinstall without omitting packages.",
      cause,
    });
  }
}

/** A folder or file that this package carries: `ownPath("recipes/demo.yaml")`. */
export const ownPath = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The module of a compiled one's URL: itself, or, among the sources, the TypeScript that it is compiled from. */
export const besideThis = (compiled: URL): URL =>
  existsSync(compiled) ? compiled : new URL(compiled.href.replace(/\.js$/, ".ts"));
