import { InterruptedError, LowrankError } from "../../errors.ts";
import { refusalOf, strange, unreachable, type Wish } from "./refusals.ts";
import type { HubSettings } from "./settings.ts";

/** Most redirects that are followed; the Hub needs two. */
const HOPS = 8;

/** An answer, and what the Hub said of the file on the way to it. */
export interface Answer {
  readonly response: Response;
  /** A header of the Hub's own last answer: large files are elsewhere, and what is there does not describe them. */
  header(name: string): string | null;
}

/** Asks the Hub for one model. */
export interface HubClient {
  readonly settings: HubSettings;
  readonly wish: Wish;
  /**
   * GET of a path below the endpoint.
   * @throws {CheckpointError} when there is no answer, or it is a refusal. @throws {InterruptedError} when aborted.
   */
  get(path: string): Promise<Answer>;
  /** The bytes of an answer, as they come. Throws as `get` does. */
  bytes(response: Response): AsyncGenerator<Uint8Array>;
}

/** A client that follows redirects itself, so that the token goes to the endpoint and to nobody else. */
export function hubClient(settings: HubSettings, wish: Wish, signal?: AbortSignal): HubClient {
  const { endpoint, token } = settings;
  const home = new URL(endpoint).origin;

  /** Errors of the network as typed ones. */
  const explained = (cause: unknown): Error => {
    if (signal?.aborted) return new InterruptedError(`the download of ${wish.id} was stopped`, { hint: KEPT });
    return cause instanceof LowrankError ? cause : unreachable(wish, settings, cause);
  };

  const ask = (url: URL): Promise<Response> => {
    const own = token !== undefined && url.origin === home;
    const headers = { "accept-encoding": "identity", ...(own && { authorization: `Bearer ${token}` }) };
    return fetch(url, { headers, redirect: "manual", ...(signal && { signal }) }).catch((cause) => {
      throw explained(cause);
    });
  };

  return {
    settings,
    wish,
    async get(path) {
      const passed: Response[] = [];
      let url = new URL(`${endpoint}/${path}`);
      for (let hop = 0; hop < HOPS; hop++) {
        const response = await ask(url);
        if (url.origin === home) passed.unshift(response);
        const next = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
        if (next === null && response.ok) return { response, header: (name) => firstOf(passed, name) };
        await response.body?.cancel();
        if (next === null) throw refusalOf(response, wish, settings);
        if (!URL.canParse(next, url.href)) throw strange(`the Hub redirects to no address: ${next}`, url.href);
        url = new URL(next, url);
      }
      throw strange(`the Hub redirects more than ${HOPS} times for model ${wish.id}`, `${endpoint}/${path}`);
    },
    async *bytes(response) {
      try {
        for await (const chunk of response.body ?? []) yield chunk as Uint8Array;
      } catch (cause) {
        throw explained(cause);
      }
    },
  };
}

const KEPT = "files that are complete are kept: the next download goes on after them.";

function firstOf(passed: readonly Response[], name: string): string | null {
  for (const { headers } of passed) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return null;
}
