import { Readable, Writable } from "node:stream";
import type { Io } from "../../src/cli/shared/output.ts";

/** Streams that keep what is written to them; `terminal` makes the outputs say they are one. */
export function streams({ terminal = false, stdin = "" } = {}) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) =>
    Object.assign(
      new Writable({
        write(chunk, _, done) {
          written[name] += chunk;
          done();
        },
      }),
      { isTTY: terminal, getColorDepth: () => 8 },
    );
  const io: Io = { stdin: Readable.from([stdin]), stdout: sink("stdout"), stderr: sink("stderr") };
  return { io, written };
}
