import type { Options } from "cli-progress";
import type { Output } from "./output.ts";

/** How every bar looks, and where it is drawn; a bar adds what it says. */
export const barStyle = ({ stderr }: Output): Options => ({
  stream: stderr as NodeJS.WriteStream,
  barCompleteChar: "━",
  barIncompleteChar: " ",
  barsize: 30,
  hideCursor: true,
  clearOnComplete: true,
  gracefulExit: false,
});
