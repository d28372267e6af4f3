/** The worker, as functions. */
import type { Problem, Reply, TaskName, Tasks } from "../protocol.ts";

/** An error of the worker, in words. */
export class TaskError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Messages that the worker sends besides the ends of tasks. */
export type Message = Exclude<Reply, { readonly id: number }>;

/** A worker that does tasks. */
export interface Client {
  ask<Name extends TaskName>(task: Name, given: Tasks[Name]["given"]): Promise<Tasks[Name]["value"]>;
  /** Ends the worker, which frees its memory; what it was doing fails. */
  end(): void;
}

/** Starts a worker. @param onMessage Called with its messages while it does a task. */
export function startClient(onMessage: (message: Message) => void): Client {
  const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, { settle(value: unknown): void; fail(error: TaskError): void }>();
  const failAll = (message: string): void => {
    for (const { fail } of waiting.values()) fail(new TaskError({ message }));
    waiting.clear();
  };
  let asked = 0;
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if (!("id" in data)) return onMessage(data);
    const task = waiting.get(data.id);
    waiting.delete(data.id);
    if ("problem" in data) task?.fail(new TaskError(data.problem));
    else task?.settle(data.value);
  };
  worker.onerror = ({ message }) => failAll(`The worker of this page failed: ${message ?? "it could not be loaded"}`);
  return {
    ask: (task, given) =>
      new Promise((settle, fail) => {
        const id = ++asked;
        waiting.set(id, { settle: settle as (value: unknown) => void, fail });
        worker.postMessage({ id, task, given });
      }),
    end() {
      worker.terminate();
      failAll("It was ended.");
    },
  };
}
