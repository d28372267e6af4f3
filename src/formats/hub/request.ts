import { pause } from "#platform";
import { InterruptedError, LowrankError } from "../../errors.ts";
import { redirectTarget, shownAddress } from "./address.ts";
import { ATTEMPTS, PassingFailure, pauseAfter, SLOWEST_BYTES, watched } from "./patience.ts";
import { isHidden, named, refusalOf, strange, unreachable, type Wish } from "./refusals.ts";
import type { HubSettings } from "./settings.ts";

/** Most redirects that are followed; the Hub needs two. */
const HOPS = 8;
/** Codes of the system and of undici for a connection that the other side ended. */
const BROKEN: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** An answer, and what the Hub said of the file on the way to it. */
export interface Reply {
  readonly response: Response;
  /** True when a browser followed a redirect to another server: what the Hub said of the file is not known then. */
  readonly isFromElsewhere: boolean;
  /** A header of the Hub's own last answer: large files are elsewhere, and what is there does not describe them. */
  header(name: string): string | null;
  /** Ends the connection, with what is thrown to whoever reads from it. */
  end(reason?: Error): void;
}

/** Asks the Hub for one model. */
export interface HubClient {
  readonly settings: HubSettings;
  readonly wish: Wish;
  /**
   * GET of a path below the endpoint, of the bytes from `from` on. A failure that may pass is tried again, after a pause.
   * @throws {CheckpointError} when there is no answer, or it is a refusal. @throws {InterruptedError} when aborted.
   */
  get(path: string, from?: number): Promise<Reply>;
  /**
   * The bytes of an answer, as they come.
   * @throws {PassingFailure} when they end early or come too slowly. @throws {InterruptedError} when aborted.
   */
  bytes(reply: Reply): AsyncGenerator<Uint8Array>;
  /** Waits before going on after a failure. @throws {CheckpointError} its refusal, when it is no use. */
  waitAfter(failure: PassingFailure, failed: number): Promise<void>;
}

/** Progress and cancellation of a client. */
export interface ClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when nothing happens for some seconds, with what is waited for. */
  readonly onWait?: (waitingFor: string) => void;
}

/**
 * A client that follows redirects itself, so that the token goes to the endpoint and to nobody else, and that waits for
 * nobody without an end.
 */
export function hubClient(
  settings: HubSettings,
  wish: Wish,
  { signal, onWait = () => {} }: ClientOptions = {},
): HubClient {
  const { endpoint, authorization, timeoutSeconds } = settings;
  const home = new URL(endpoint).origin;
  const stopped = () => new InterruptedError(`the download of ${wish.id} was stopped`, { hint: KEPT });

  /** Errors of the network as typed ones. */
  const explained = (cause: unknown): Error => {
    if (signal?.aborted) return stopped();
    if (cause instanceof LowrankError || cause instanceof PassingFailure) return cause;
    const refusal = unreachable(wish, settings, cause);
    return isBroken(cause) ? new PassingFailure(refusal) : refusal;
  };

  const ask = async (url: URL, from: number) => {
    const controller = new AbortController();
    const end = (reason?: Error): void => controller.abort(reason);
    const headers = {
      "accept-encoding": "identity",
      ...(from > 0 && { range: `bytes=${from}-` }),
      ...(authorization !== undefined && url.origin === home && { authorization }),
    };
    const either = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
    const watch = {
      limitMs: timeoutSeconds * 1000,
      onSlow: (seconds: number) => onWait(`${url.host} has not responded for ${seconds} seconds`),
      onEnd: () => end(new Error(`no response within ${timeoutSeconds} seconds`)),
    };
    const answer = (redirect: "manual" | "follow") => watched(fetch(url, { headers, redirect, signal: either }), watch);
    try {
      const response = await answer("manual");
      // A browser hides where a redirect leads. It follows by itself, and sends the token to nobody else.
      return { response: response.type === "opaqueredirect" ? await answer("follow") : response, end };
    } catch (cause) {
      throw explained(cause);
    }
  };

  /** One attempt. */
  const attempt = async (path: string, from: number): Promise<Reply> => {
    const passed: Response[] = [];
    let url = new URL(`${endpoint}/${path}`);
    for (let hop = 0; hop < HOPS; hop++) {
      const { response, end } = await ask(url, from);
      if (new URL(response.url).origin === home) passed.unshift(response);
      const next = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
      if (next === null && response.ok)
        return { response, end, isFromElsewhere: passed.length === 0, header: (name) => firstOf(passed, name) };
      end();
      if (next === null) throw refusalOf(response, wish, settings);
      const target = redirectTarget(url, next);
      if (!target) throw strange(`the Hub redirects to ${shownAddress(next)}, which is not allowed`, url);
      url = target;
    }
    throw strange(`the Hub redirects more than ${HOPS} times for ${named(wish)}`, `${endpoint}/${path}`);
  };

  const waitAfter = async (failure: PassingFailure, failed: number): Promise<void> => {
    const ms = pauseAfter(failure, failed);
    if (ms === undefined) throw failure.refusal;
    const [why] = failure.message.split("\n");
    onWait(`${why}; retrying in ${Math.ceil(ms / 1000)} seconds (attempt ${failed + 1} of ${ATTEMPTS})`);
    await pause(ms, signal).catch(() => {
      throw stopped();
    });
  };

  return {
    settings,
    wish,
    waitAfter,
    async get(path, from = 0) {
      for (let failed = 0; ; ) {
        try {
          return await attempt(path, from);
        } catch (error) {
          if (!(error instanceof PassingFailure)) throw error;
          await waitAfter(error, ++failed);
        }
      }
    },
    async *bytes({ response, end }) {
      if (!response.body) return;
      const reader = response.body.getReader();
      const slow = new Error(`fewer than ${SLOWEST_BYTES} bytes within ${timeoutSeconds} seconds`);
      let isSlow = false;
      let [leftMs, bytes] = [timeoutSeconds * 1000, 0];
      try {
        for (;;) {
          const began = performance.now();
          const onSlow = (seconds: number) =>
            onWait(`${new URL(response.url).host} has sent nothing for ${seconds} seconds`);
          const onEnd = (): void => {
            isSlow = true;
            end(slow);
          };
          const step = await watched(reader.read(), { limitMs: leftMs, onSlow, onEnd });
          if (step.done) return;
          leftMs -= performance.now() - began;
          bytes += step.value.length;
          if (bytes >= SLOWEST_BYTES) [leftMs, bytes] = [timeoutSeconds * 1000, 0];
          yield step.value;
        }
      } catch (cause) {
        if (isSlow) throw new PassingFailure(unreachable(wish, settings, slow));
        const isBroken = isHidden(cause) && !signal?.aborted; // what had begun to answer could be reached
        throw isBroken ? new PassingFailure(unreachable(wish, settings, cause)) : explained(cause);
      } finally {
        end();
      }
    },
  };
}

const KEPT = "complete files are kept; the next download continues after them.";

/** True when the other side ended the connection; fetch has the reason in its error's cause. */
function isBroken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; { cause } = cause) {
    if (BROKEN.has((cause as { readonly code?: unknown }).code)) return true;
  }
  return false;
}

function firstOf(passed: readonly Response[], name: string): string | null {
  for (const { headers } of passed) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return null;
}
