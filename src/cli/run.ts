import { createRequire } from "node:module";
import { Command } from "commander";
import { EXIT, InterruptedError } from "../errors.ts";
import type { CliCommand } from "./command.ts";
import { reportFailure } from "./failure.ts";
import { type Interrupt, watchInterrupts } from "./interrupt.ts";
import { foldFlags, overridesIn } from "./options.ts";
import { createOutput, type Io, modeOf, type Output } from "./output.ts";

interface Verb {
  readonly about: string;
  load(): Promise<CliCommand>;
}

/** The commands. `completion` is not among them: it describes them. */
const VERBS: Readonly<Record<string, Verb>> = {
  demo: {
    about: "the experiment on legal documents, with nothing to fetch",
    load: async () => (await import("./commands/demo.ts")).demo,
  },
  init: {
    about: "write a recipe for your own data, from a few questions",
    load: async () => (await import("./commands/init.ts")).init,
  },
  train: { about: "fine-tune a model as a recipe says", load: async () => (await import("./commands/train.ts")).train },
  compare: {
    about: "run a recipe under several methods",
    load: async () => (await import("./commands/compare.ts")).compare,
  },
  evaluate: {
    about: "measure a model, with or without an adapter",
    load: async () => (await import("./commands/evaluate.ts")).evaluate,
  },
  predict: {
    about: "label texts, one JSON line each",
    load: async () => (await import("./commands/predict.ts")).predict,
  },
  generate: {
    about: "go on with texts, streamed",
    load: async () => (await import("./commands/generate.ts")).generate,
  },
  chat: {
    about: "talk with a model, with or without an adapter",
    load: async () => (await import("./commands/chat.ts")).chat,
  },
  plan: {
    about: "say what a run would take, without training",
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  inspect: {
    about: "show the module tree and what would train",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  merge: {
    about: "write an adapter into its base's weights",
    load: async () => (await import("./commands/export.ts")).merge,
  },
  export: {
    about: "write a model or an adapter in another form",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  env: { about: "show versions, cores, memory and devices", load: async () => (await import("./commands/env.ts")).env },
};

/** Runs `lowrank` with these arguments and returns its exit code. Only the module of the command called is loaded. */
export async function run(args: readonly string[], io: Io = process): Promise<number> {
  const argv = args[0] === "help" ? [...args.slice(1), "--help"] : args;
  const output = createOutput(io, modeOf(argv));
  let interrupt: Interrupt | undefined;
  const interruptible = () => {
    interrupt ??= watchInterrupts(output);
    return interrupt.signal;
  };
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
    return interrupt?.exitCode() ?? EXIT.done;
  } catch (error) {
    const code = reportFailure(error, output);
    return (error instanceof InterruptedError && interrupt?.exitCode()) || code;
  } finally {
    interrupt?.stop();
  }
}

function createProgram({ stdout, stderr }: Io): Command {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return new Command("lowrank")
    .description("Fine-tune foundation models: Hugging Face files in, Hugging Face files out.")
    .version(version)
    .option("--json", "NDJSON on stdout, everything else on stderr")
    .option("--quiet", "results, warnings and errors only")
    .option("--verbose", "stacks of errors")
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
  { define, run }: CliCommand,
  context: { output: Output; stdin: Io["stdin"]; interruptible: () => AbortSignal },
): void {
  define(command);
  command.action(() => {
    const options = command.opts();
    return run({ ...context, args: command.args, options, overrides: overridesIn(options) });
  });
}
