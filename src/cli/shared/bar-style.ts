import type { Options } from "cli-progress";
import type { Output } from "./output.ts";

/** Style and stream of progress bars; each bar adds its own format. */
export const barStyle = ({ stderr }: Output): Options => ({
  stream: stderr as NodeJS.WriteStream,
  barCompleteChar: "━",
  barIncompleteChar: " ",
  barsize: 30,
  hideCursor: true,
  clearOnComplete: true,
  gracefulExit: false,
});
