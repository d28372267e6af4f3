import { createRequire } from "node:module";
import { Command } from "commander";
import { EXIT, InterruptedError } from "../errors.ts";
import type { CliCommand } from "./shared/command.ts";
import { reportFailure } from "./shared/failure.ts";
import { EXIT_PIPE, type Interrupt, watchInterrupts } from "./shared/interrupt.ts";
import { foldFlags, overridesIn } from "./shared/options.ts";
import { createOutput, type Io, modeOf, type Output } from "./shared/output.ts";

interface Verb {
  readonly about: string;
  load(): Promise<CliCommand>;
}

/** The commands. `completion` is not among them: it describes them. */
const VERBS: Readonly<Record<string, Verb>> = {
  demo: {
    about: "run the experiment on legal documents (no download)",
    load: async () => (await import("./commands/demo.ts")).demo,
  },
  init: {
    about: "write a recipe for your data by answering a few questions",
    load: async () => (await import("./commands/init.ts")).init,
  },
  train: { about: "fine-tune a model with a recipe", load: async () => (await import("./commands/train.ts")).train },
  compare: {
    about: "run a recipe with several methods",
    load: async () => (await import("./commands/compare.ts")).compare,
  },
  evaluate: {
    about: "evaluate a model, with or without an adapter",
    load: async () => (await import("./commands/evaluate.ts")).evaluate,
  },
  predict: {
    about: "label texts, with one JSON line each",
    load: async () => (await import("./commands/predict.ts")).predict,
  },
  embed: {
    about: "embed texts, with one JSON line each",
    load: async () => (await import("./commands/embed.ts")).embed,
  },
  generate: {
    about: "continue prompts, streaming the text",
    load: async () => (await import("./commands/generate.ts")).generate,
  },
  chat: {
    about: "chat with a model, with or without an adapter",
    load: async () => (await import("./commands/chat.ts")).chat,
  },
  plan: {
    about: "estimate the time, memory and disk of a run",
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  inspect: {
    about: "show the module tree and the trainable modules",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  merge: {
    about: "merge an adapter into its base model's weights",
    load: async () => (await import("./commands/export.ts")).merge,
  },
  export: {
    about: "write a model or an adapter in another format",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  env: { about: "show versions, cores, memory and devices", load: async () => (await import("./commands/env.ts")).env },
};

/** Runs `lowrank` with these arguments and returns its exit code. Only the module of the command called is loaded. */
export async function run(args: readonly string[], io: Io = process): Promise<number> {
  const argv = args[0] === "help" ? [...args.slice(1), "--help"] : args;
  let interrupt: Interrupt | undefined;
  const output = createOutput(io, modeOf(argv), (error) => stdoutLost(error, output, interrupt));
  const interruptible = () => {
    interrupt ??= watchInterrupts(output);
    return interrupt.signal;
  };
  const unforeseen = (error: unknown): void => {
    reportFailure(error, output);
    stopOrExit(interrupt, "an unhandled error", EXIT.failed);
  };
  if (io === process) process.on("uncaughtException", unforeseen);
  try {
    const verb = argv.find((arg) => !arg.startsWith("-"));
    const completing = verb === "completion" || verb === "complete";
    const program = createProgram(io);
    for (const [name, { about, load }] of Object.entries(VERBS)) {
      const command = program.command(name).description(about);
      if (name === verb || completing) attach(command, await load(), { output, stdin: io.stdin, interruptible });
    }
    if (completing) (await import("./commands/completion.ts")).addCompletion(program);
    else program.command("completion").description("print a completion script for a shell").argument("<shell>");
    const options = program.commands.find((command) => command.name() === verb)?.options ?? [];
    await program.parseAsync(completing ? argv : foldFlags(argv, [...program.options, ...options]), { from: "user" });
    const early = interrupt?.exitCode() ?? EXIT.done;
    return early === EXIT_PIPE ? EXIT.done : early; // a reader that has read enough is no failure
  } catch (error) {
    const code = reportFailure(error, output);
    return (error instanceof InterruptedError && interrupt?.exitCode()) || code;
  } finally {
    process.off("uncaughtException", unforeseen);
    interrupt?.stop();
  }
}

/** A run stops as at Ctrl-C when nothing it prints arrives any more; a command that only prints has nothing left to do. */
function stdoutLost(error: NodeJS.ErrnoException, output: Output, interrupt: Interrupt | undefined): void {
  const isClosed = error.code === "EPIPE" || error.code === "EIO";
  const why = isClosed ? "stdout was closed" : `cannot write to stdout: ${error.message}`;
  if (!interrupt && !isClosed) output.alert(why);
  stopOrExit(interrupt, why, isClosed ? EXIT_PIPE : EXIT.failed);
}

/** Ends a run after its step, with a checkpoint, and any other command at once. */
function stopOrExit(interrupt: Interrupt | undefined, why: string, code: number): void {
  if (interrupt) interrupt.request(why, code);
  else process.exit(code === EXIT_PIPE ? EXIT.done : code);
}

function createProgram({ stdout, stderr }: Io): Command {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return new Command("lowrank")
    .description("Fine-tune foundation models: Hugging Face files in, Hugging Face files out.")
    .version(version)
    .option("--json", "NDJSON on stdout, everything else on stderr")
    .option("--quiet", "results, warnings and errors only")
    .option("--verbose", "stack traces of errors")
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => {}, // reported with all other failures
    });
}

function attach(
  command: Command,
  { define, run, examples }: CliCommand,
  context: { output: Output; stdin: Io["stdin"]; interruptible: () => AbortSignal },
): void {
  define(command);
  command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}\n`).join("")}`);
  command.action(() => {
    const options = command.opts();
    return run({ ...context, args: command.args, options, overrides: overridesIn(options) });
  });
}
