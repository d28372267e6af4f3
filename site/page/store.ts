/** The state, and who shows it. */
import { INITIAL, type State } from "./state.ts";

/** A part of the page that shows the state. Called with the state before, so that it draws only what changed. */
export type View = (now: State, before: State | undefined) => void;

let state: State = INITIAL;
let shown: State | undefined;
let views: readonly View[] = [];
let scheduled = false;

/** The state now. */
export const current = (): State => state;

/** Milliseconds between two pictures of a run: its steps may come faster than they can be seen. */
const RUN_MS = 100;

type Patch = Partial<State> | ((state: State) => Partial<State>);

/** Changes the state; it is shown with the next frame. */
export const change = (patch: Patch): void => patched(patch, 0);

/** Changes the state as a run tells; it is shown soon. */
export const changeSoon = (patch: Patch): void => patched(patch, RUN_MS);

function patched(patch: Patch, milliseconds: number): void {
  state = { ...state, ...(typeof patch === "function" ? patch(state) : patch) };
  if (scheduled) return;
  scheduled = true;
  const soon = (): unknown => requestAnimationFrame(show);
  if (milliseconds === 0) soon();
  else setTimeout(soon, milliseconds);
}

/** Shows the state through views, now and after each change. */
export function showThrough(all: readonly View[]): void {
  views = all;
  show();
}

function show(): void {
  scheduled = false;
  const before = shown;
  shown = state;
  for (const view of views) view(state, before);
}
