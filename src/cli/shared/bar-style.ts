import type { Options } from "cli-progress";
import { duration } from "./format.ts";
import type { Output } from "./output.ts";

/** Style and stream of progress bars; each bar adds its own format. Times are those of all other lines, in whole seconds. */
export const barStyle = ({ stderr }: Output): Options => ({
  stream: stderr as NodeJS.WriteStream,
  barCompleteChar: "━",
  barIncompleteChar: " ",
  barsize: 30,
  hideCursor: true,
  clearOnComplete: true,
  gracefulExit: false,
  formatTime: (seconds) => duration(Math.round(seconds)),
});
