import { CheckpointError, type ErrorDetail } from "../../errors.ts";
import { shownAddress } from "./address.ts";
import { PassingFailure, retryAfter } from "./patience.ts";
import type { HubSettings } from "./settings.ts";

/** Answers of a server that is busy, or that another one does not reach. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Request to the Hub, or to the server of a model's own address. */
export interface Wish {
  readonly kind: "model" | "dataset" | "address";
  /** Name of the repository, or an address without a slash at its end. */
  readonly id: string;
  readonly revision: string;
}

/** Words of messages about a repository: `model org/name`. */
export const named = ({ kind, id }: Wish): string => `${NOUNS[kind]} ${id}`;

const NOUNS = { model: "model", dataset: "data set", address: "model" };

/** Path of a repository below the endpoint; empty for an address, which is the endpoint. */
export const repositoryPath = ({ kind, id }: Wish): string =>
  ({ model: id, dataset: `datasets/${id}`, address: "" })[kind];

/** The refusal of an answer that is no success: what the Hub means by it, and what would do; or that it may pass. */
export function refusalOf(
  response: Response,
  wish: Wish,
  { endpoint, hasToken }: HubSettings,
): CheckpointError | PassingFailure {
  const { status } = response;
  const code = response.headers.get("x-error-code");
  const { kind, revision } = wish;
  const page = `${endpoint}/${repositoryPath(wish)}`;
  if (kind === "address" && !PASSING.has(status)) {
    return new CheckpointError(`the server responded with status ${status} for a file of ${named(wish)}`, {
      where: shownAddress(response.url || page),
      expected: "the folder of a model that lowrank saved, with the manifest.json that lists its files",
    });
  }
  const refused = (what: string, detail: ErrorDetail) => new CheckpointError(what, { where: page, ...detail });
  if (code === "GatedRepo" || (status === 403 && code !== "RepoNotFound")) {
    return refused(`${named(wish)} is gated${hasToken ? ", and this account has no access to it" : ""}`, {
      expected: "a token of an account that has accepted its licence",
      hint: `accept the licence on ${page}, then set HF_TOKEN to a token of that account (hf auth login stores one).`,
    });
  }
  if (code === "RevisionNotFound") {
    return refused(`${named(wish)} has no revision ${revision}`, {
      expected: "a branch, a tag or a commit that its page lists",
      ...(kind === "model" && { hint: "set model_revision; the default is main." }),
    });
  }
  if (status === 401 || status === 404) {
    const seen = hasToken ? "that this token can access" : "that is public";
    return refused(`${named(wish)} is neither a folder here nor a ${NOUNS[kind]} on the Hub ${seen}`, {
      expected: "organisation/name, as its page has it, or a local folder",
      hint: hasToken
        ? "check the spelling, and that HF_TOKEN is valid and may read it."
        : `check the spelling; a private ${NOUNS[kind]} needs HF_TOKEN.`,
    });
  }
  const waitMs = retryAfter(response.headers.get("retry-after"));
  const later = waitMs === undefined ? "a little" : `${Math.ceil(waitMs / 1000)} seconds, as it requests`;
  const hint =
    status === 429
      ? `too many requests: wait ${later}; with HF_TOKEN the limit is higher.`
      : "try again later; complete files are kept.";
  const where = shownAddress(response.url || page);
  const refusal = refused(`the Hub responded with status ${status} for ${named(wish)}`, { where, hint });
  return PASSING.has(status) ? new PassingFailure(refusal, waitMs) : refusal;
}

/** The refusal where there is no answer: no network, a wrong HF_ENDPOINT, a connection that broke. */
export const unreachable = (wish: Wish, { endpoint }: HubSettings, cause: unknown): CheckpointError =>
  new CheckpointError(`cannot download ${named(wish)} (revision ${wish.revision}): ${reason(cause)}`, {
    where: endpoint,
    expected: `a connection to ${wish.kind === "address" ? "that server" : "the Hub (or to HF_ENDPOINT)"}, a local folder, or a ${NOUNS[wish.kind]} in the local cache`,
    ...(isHidden(cause)
      ? { hint: "the browser's console shows the reason." }
      : wish.kind !== "address" && {
          hint: `run ${pythonDownload(wish)} on a machine with a connection, and copy its cache folder.`,
        }),
    cause,
  });

/** True for a failure of `fetch` in a page: a browser tells no page why. */
export const isHidden = (error: unknown): boolean => error instanceof TypeError && error.cause === undefined;

/** Command of Python's client that puts a repository into the cache. */
export const pythonDownload = ({ kind, id, revision }: Wish): string =>
  `hf download ${id} --revision ${revision}${kind === "dataset" ? " --repo-type dataset" : ""}`;

/** fetch says "fetch failed"; why is in its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isHidden(error))
    return "there is no connection, or the server does not let pages of this origin read from it (CORS)";
  const { cause } = error;
  const why = cause instanceof AggregateError ? cause.errors[0] : cause;
  return why instanceof Error && why.message !== "" ? why.message : error.message;
}

/** The refusal of an answer that cannot be right. */
export const strange = (what: string, where: string | URL): CheckpointError =>
  new CheckpointError(what, {
    where: shownAddress(where),
    hint: "try again; if HF_ENDPOINT is set, ask whoever runs that server.",
  });
