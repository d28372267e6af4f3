/** What computes, and what an earlier visit left. */
import { byId, setText } from "./dom.ts";
import type { State } from "./state.ts";
import { counted } from "./words.ts";

/** Shows them. */
export function engineView({ engine, unfinished, busy }: State, before?: State): void {
  if (engine && engine !== before?.engine) {
    byId("engine").classList.toggle("slow", !engine.isolated);
    setText(
      "engine",
      engine.isolated
        ? `lowrank ${engine.version}, ${counted(engine.threads, "thread")}.`
        : `lowrank ${engine.version}, one thread: the page is not isolated from other sites, and only an isolated page has more. Training takes longer.`,
    );
  }
  for (const id of ["resume", "discard"]) byId<HTMLButtonElement>(id).disabled = busy !== undefined;
  if (unfinished === before?.unfinished) return;
  byId("unfinished").hidden = !unfinished;
  if (!unfinished) return;
  const { choice, step } = unfinished;
  setText(
    "unfinished-text",
    `A run on ${choice.documents.name} was not finished. Its last checkpoint is at step ${step}.`,
  );
}
