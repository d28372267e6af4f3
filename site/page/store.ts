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

/** Changes the state; it is shown with the next frame. */
export function change(patch: Partial<State> | ((state: State) => Partial<State>)): void {
  state = { ...state, ...(typeof patch === "function" ? patch(state) : patch) };
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(show);
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
