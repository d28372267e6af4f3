/** The plan. */
import type { Plan } from "lowrank";
import { byId, facts, setText } from "./dom.ts";
import { missing, type State } from "./state.ts";
import { bytes, count, counted, duration, percent } from "./words.ts";

/** A plan as terms, values and notes. */
export function planFacts(plan: Plan): (readonly [string, string, string])[] {
  const { trainSeconds, steps, peakRssBytes, trainableParameters, trainablePercent, totalParameters } = plan;
  const { examples, heldBack, savedBytes } = plan;
  const fits = trainSeconds !== undefined;
  return [
    ["Training time", fits ? `about ${duration(trainSeconds)}` : "does not fit", counted(steps, "step")],
    ["Memory", bytes(peakRssBytes), fits ? "at its peak, predicted" : "more than a tab can have: 4 GB"],
    ["Trained parameters", count(trainableParameters), `${percent(trainablePercent)} of ${count(totalParameters)}`],
    ["Rows", count(examples), heldBack ? `and ${count(heldBack.validationRows)} held back for scores` : "to train on"],
    ["File of the result", bytes(savedBytes), "the trained weights"],
  ];
}

/** Shows the plan. */
export function planView(state: State, before?: State): void {
  const { plan, planning, busy } = state;
  const lacks = missing(state);
  byId<HTMLButtonElement>("plan-run").disabled = busy !== undefined || lacks !== undefined;
  setText("plan-status", planning ?? (plan ? "" : (lacks ?? "")));
  if (plan !== before?.plan) byId("plan-facts").replaceChildren(...(plan ? facts(planFacts(plan)) : []));
}
