import { styleText } from "node:util";
import { wrapped } from "./wrap.ts";

/** The streams of a process, or of a test. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Verbosity and format of the output. */
export interface OutputMode {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** A format of `util.styleText`, or several. */
export type Format = Parameters<typeof styleText>[0];

/**
 * Everything a command prints. What was asked for goes to stdout, as text or with `--json` as one object a line;
 * what is said along the way goes to stderr, and not at all with `--quiet`.
 */
export interface Output extends OutputMode {
  readonly stderr: Io["stderr"];
  /** Width of the terminal that notes go to; absent where there is none. */
  readonly columns: number | undefined;
  /** Width of the terminal that results go to; absent where there is none, as in a pipe. */
  readonly resultColumns: number | undefined;
  /** Prints a result for people; nothing with `--json`. */
  result(text: string): void;
  /** A piece of it, without a line's end. */
  stream(text: string): void;
  /** Prints a result for programs; nothing without `--json`. */
  record(object: object): void;
  /** Said along the way. */
  note(text: string): void;
  /** Said even with `--quiet`: a warning or an error. */
  alert(text: string): void;
  /** Styled for stdout, if that is a terminal and `NO_COLOR` is unset. */
  style(format: Format, text: string): string;
  /** Styled for stderr, by the same rule. */
  styleNote(format: Format, text: string): string;
}

/** The mode that the arguments ask for; what follows `--` asks for nothing. */
export function modeOf(argv: readonly string[]): OutputMode {
  const end = argv.indexOf("--");
  const given = new Set(end === -1 ? argv : argv.slice(0, end));
  return { json: given.has("--json"), quiet: given.has("--quiet"), verbose: given.has("--verbose") };
}

/**
 * The printer over these streams. A stream that fails, as one does whose reader is gone or whose disk is full, ends
 * nothing by itself: what is printed on it later is dropped.
 * @param onStdoutLost Called once, with the error of stdout.
 */
export function createOutput(
  { stdout, stderr }: Io,
  mode: OutputMode,
  onStdoutLost: (error: NodeJS.ErrnoException) => void = () => {},
): Output {
  const write = { stdout: untilLost(stdout, onStdoutLost), stderr: untilLost(stderr, () => {}) };
  const line = (stream: keyof typeof write, text: string): void => write[stream](`${text}\n`);
  const columnsOf = (stream: Io["stdout"]): number | undefined =>
    stream.isTTY ? (stream as { readonly columns?: number }).columns : undefined; // a window may change
  const prose = (text: string): void => line("stderr", wrapped(text, columnsOf(stderr)));
  const styleFor = (stream: Io["stdout"]) => (format: Format, text: string) =>
    stream.isTTY ? styleText(format, text, { stream, validateStream: true }) : text;
  return {
    ...mode,
    stderr,
    get columns() {
      return columnsOf(stderr);
    },
    get resultColumns() {
      return columnsOf(stdout);
    },
    result: (text) => mode.json || line("stdout", text),
    stream: (text) => mode.json || write.stdout(text),
    record: (object) => mode.json && line("stdout", JSON.stringify(object)),
    note: (text) => mode.quiet || prose(text),
    alert: prose,
    style: styleFor(stdout),
    styleNote: styleFor(stderr),
  };
}

/** Writes to a stream until its first error. The listener stays: errors of earlier writes may come later. */
function untilLost(stream: NodeJS.WritableStream, onLost: (error: Error) => void): (text: string) => void {
  let isLost = false;
  stream.on("error", (error: Error) => {
    if (!isLost) onLost(error);
    isLost = true;
  });
  return (text) => {
    if (!isLost) stream.write(text);
  };
}
