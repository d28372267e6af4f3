import { CheckpointError, type ErrorDetail } from "../../errors.ts";
import type { HubSettings } from "./settings.ts";

/** What was asked of the Hub. */
export interface Wish {
  readonly id: string;
  readonly revision: string;
}

/** The refusal of an answer that is no success: what the Hub means by it, and what would do. */
export function refusalOf(
  response: Response,
  { id, revision }: Wish,
  { endpoint, token }: HubSettings,
): CheckpointError {
  const { status } = response;
  const code = response.headers.get("x-error-code");
  const page = `${endpoint}/${id}`;
  const refused = (what: string, detail: ErrorDetail) => new CheckpointError(what, { where: page, ...detail });
  if (code === "GatedRepo" || (status === 403 && code !== "RepoNotFound")) {
    return refused(`the Hub does not let ${token ? "this account" : "everyone"} have model ${id}`, {
      expected: "a token of an account that has accepted the model's licence",
      hint: `accept it on ${page}, then set HF_TOKEN to a token of that account (hf auth login stores one).`,
    });
  }
  if (code === "RevisionNotFound") {
    return refused(`model ${id} has no revision ${revision}`, {
      expected: "a branch, a tag or a commit that its page lists",
      hint: "model_revision names it; without one it is main.",
    });
  }
  if (status === 401 || status === 404) {
    const seen = token ? "that this token may see" : "that everyone may see";
    return refused(`model ${id} is neither a folder here nor a model on the Hub ${seen}`, {
      expected: "organisation/name, as the model's page has it, or a local folder",
      hint: token
        ? "check the spelling, and that HF_TOKEN is valid and may read it."
        : "check the spelling; a private model needs HF_TOKEN.",
    });
  }
  const hint =
    status === 429
      ? "it was asked too often: wait a little; with HF_TOKEN it allows more."
      : "try again later; files that are complete are kept.";
  return refused(`the Hub answered ${status} for model ${id}`, { where: response.url || page, hint });
}

/** The refusal where there is no answer: no network, a wrong HF_ENDPOINT, a connection that broke. */
export const unreachable = ({ id, revision }: Wish, { endpoint }: HubSettings, cause: unknown): CheckpointError =>
  new CheckpointError(`cannot download model ${id} (revision ${revision}): ${reason(cause)}`, {
    where: endpoint,
    expected:
      "a connection to the Hub (HF_ENDPOINT names another address), a local folder, or a model in the local cache",
    hint: `hf download ${id} --revision ${revision}   on a machine that has one makes a cache folder that can be copied.`,
    cause,
  });

/** fetch says "fetch failed"; why is in its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const why = cause instanceof AggregateError ? cause.errors[0] : cause;
  return why instanceof Error && why.message !== "" ? why.message : error.message;
}

/** The refusal of an answer that cannot be right. */
export const strange = (what: string, where: string): CheckpointError =>
  new CheckpointError(what, { where, hint: "try again; if HF_ENDPOINT is set, ask whoever runs that server." });
