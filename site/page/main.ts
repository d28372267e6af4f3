/** The page. */
import { begin, chooseColumn, startWorker } from "./acts.ts";
import { compareView } from "./compare.ts";
import { documentsView } from "./documents.ts";
import { engineView } from "./engine.ts";
import { isolated, keepOffline } from "./host.ts";
import { listen } from "./listen.ts";
import { planView } from "./plan.ts";
import { problemsView } from "./problems.ts";
import { resultView } from "./result.ts";
import { settingsView } from "./settings.ts";
import { showThrough } from "./store.ts";
import { trainingView } from "./training.ts";

if (await isolated()) {
  startWorker();
  listen();
  showThrough([
    engineView,
    documentsView(chooseColumn),
    settingsView,
    planView,
    trainingView,
    resultView,
    compareView,
    problemsView,
  ]);
  if (await begin()) keepOffline();
}
