import type { Ran } from "./run-lowrank.ts";
import type { BadInput } from "./workshop.ts";

/** Longest that a refusal may take, in seconds of the processor, and most memory, beyond a harmless command's. */
export const MAX_SECONDS = 2;
/** On a busy machine a process waits for its turn; one that waits for a pipe uses no processor. */
const MAX_WALL_SECONDS = 20;
export const MAX_GROWTH_MB = 200;

const STACK = /^\s+at (?:async |new )?[\w$.<>[\] ]* ?\(?(?:file:|node:|\/)[^\n]*:\d+:\d+\)?$/m;

/** What is wrong with how a bad input was met; nothing, if it was refused as it should be. */
export function complaints({ says, exit = [2] }: BadInput, ran: Ran, baseline: Ran): string[] {
  const { stderr, left } = ran;
  const [seconds, growth] = [ran.cpuSeconds - baseline.cpuSeconds, ran.peakMb - baseline.peakMb];
  const waits = ran.seconds - baseline.seconds > MAX_WALL_SECONDS;
  const wrong = [
    !exit.includes(ran.exit as number) && `exit ${ran.exit}, not ${exit.join(" or ")}`,
    stderr.trim() === "" && "nothing on stderr",
    STACK.test(stderr) && "a stack on stderr",
    /this error is unexpected/.test(stderr) && "an error that is not typed",
    !says.test(stderr) && `stderr does not match ${says}`,
    waits && `took ${ran.seconds.toFixed(1)} s by the clock`,
    seconds > MAX_SECONDS && `took ${seconds.toFixed(1)} s more than a harmless command`,
    growth > MAX_GROWTH_MB && `took ${Math.round(growth)} MB more than a harmless command`,
    left.length > 0 && `left ${left.slice(0, 5).join(", ")}`,
  ].filter((what) => what !== false);
  return wrong.length > 0 ? [...wrong, `stderr: ${stderr.trim().slice(0, 400).replaceAll("\n", "\n    ")}`] : [];
}
