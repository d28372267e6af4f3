import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** Adds `lowrank completion SHELL`, and the hidden `complete` that its scripts call. The other commands must be there. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: "completion" });
}
