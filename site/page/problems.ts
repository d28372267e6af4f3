/** Problems in words. */
import type { Problem } from "../protocol.ts";
import { byId, el } from "./dom.ts";
import { PARTS, type State } from "./state.ts";

/** What to do when memory ran out: neither the browser nor ONNX Runtime says. */
const MEMORY =
  "  hint: a tab has 4 GB at most. Close others, choose a smaller model, shorter texts or QLoRA, then reload the page.";

/** A problem with what the page knows of it beyond its own words. */
export const explained = ({ code, message }: Problem): string =>
  code === "E_MEMORY" || /out of memory|bad_alloc|allocation failed|memory access/i.test(message)
    ? `There is not enough memory: ${message}\n${MEMORY}`
    : message;

/** Shows the problem of each part. */
export function problemsView({ problems }: State, before?: State): void {
  for (const part of PARTS) {
    const problem = problems[part];
    if (problem === before?.problems[part]) continue;
    const box = byId(`${part}-problem`);
    box.hidden = !problem;
    const [first = "", ...others] = problem ? explained(problem).split("\n") : [];
    box.replaceChildren(el("strong", {}, first), ...others.map((line) => `\n${line.trim()}`));
  }
}
