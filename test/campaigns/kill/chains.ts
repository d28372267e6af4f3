import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../../src/random.ts";
import { type Ended, type Fate, train } from "./command.ts";
import { difference, hasCheckpoint } from "./state.ts";

/** A chain of kills that did not end as it should. */
export interface Failure {
  readonly what: string;
  /** The kills that led there. */
  readonly chain: string;
}

/** What every chain works with. */
export interface ChainOptions {
  readonly recipe: string;
  readonly work: string;
  /** The state that a run leaves which was never killed. */
  readonly reference: ReadonlyMap<string, string>;
  readonly random: Random;
  /** Operations of a run among which kills are placed. */
  readonly operations: number;
  readonly steps: number;
}

type Kind = "operation" | "moment";

/** Kills in one chain, at the most. */
const LONGEST = 12;
const HOWS = ["before", "after", "torn"] as const;

/** Chains of kills and resumes, each of which has to end as a run does that was never killed. */
export class Chains {
  readonly failures: Failure[] = [];
  readonly #options: ChainOptions;
  /** Every operation, before, after and in its middle, in a random order; then again. */
  #queue: Fate[] = [];
  #kills = 0;
  #chains = 0;
  #resumed = 0;
  #afresh = 0;
  readonly #times = { operation: 0, moment: 0 };
  readonly #bad = { operation: 0, moment: 0 };
  /** Milliseconds that the longest run took, among which random moments are drawn. */
  #longest = 3000;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  /** Runs chains until so many kills fell, over all that call it, or until a moment of the process's clock. */
  async run(kills: number, until: number): Promise<void> {
    while (this.#kills < kills && performance.now() < until) {
      await this.#chain(kills);
      console.error(`${this.#kills} kills, ${this.#chains} chains, ${this.failures.length} failed`);
    }
  }

  /** Times that a process was killed so, and how many of them led to an equal end. */
  counted(kind: Kind): { readonly times: number; readonly equal: number } {
    return { times: this.#times[kind], equal: this.#times[kind] - this.#bad[kind] };
  }

  summary(): { readonly chainCount: number; readonly resumed: number; readonly afresh: number } {
    return { chainCount: this.#chains, resumed: this.#resumed, afresh: this.#afresh };
  }

  async #chain(kills: number): Promise<void> {
    const { work, reference, random } = this.#options;
    const folder = join(work, `chain-${this.#chains++}`);
    const told: string[] = [];
    const fallen: Kind[] = [];
    const last = 1 + random.int(LONGEST);
    let problem: string | undefined;
    for (let round = 0; problem === undefined; round++) {
      const kind = round < last && this.#kills < kills ? (random.uniform() < 0.75 ? "operation" : "moment") : undefined;
      const { ended, told: how } = await this.#once(folder, kind);
      told.push(how);
      const killed = ended.signal === "SIGKILL";
      if (killed && kind) {
        this.#kills++;
        this.#times[kind]++;
        fallen.push(kind);
      } else if (ended.exitCode !== 0)
        problem = `exit ${ended.exitCode} ${ended.signal ?? ""}: ${ended.stderr.slice(-600)}`;
      else problem = difference(folder, reference) ?? "";
    }
    rmSync(folder, { recursive: true, force: true });
    if (problem === "") return;
    for (const kind of fallen) this.#bad[kind]++;
    this.failures.push({ what: problem, chain: told.join(" → ") });
    console.error(`${problem}\n  ${told.join(" → ")}`);
  }

  /** One run of a chain: it goes on where there is a checkpoint, and begins where none was ever finished. */
  async #once(folder: string, kind: Kind | undefined): Promise<{ readonly ended: Ended; readonly told: string }> {
    const { recipe, random } = this.#options;
    const resume = hasCheckpoint(folder);
    if (resume) this.#resumed++;
    else this.#afresh++;
    const begun = performance.now();
    if (kind === "operation") {
      const fate = this.#nextFate();
      return { ended: await train({ recipe, folder, resume, fate }), told: `${fate.how} operation ${fate.at}` };
    }
    const moment = kind && Math.round(random.uniform() * this.#longest);
    const ended = await train({
      ...{ recipe, folder, resume },
      onStart: (child) => {
        if (moment !== undefined) setTimeout(() => child.kill("SIGKILL"), moment);
      },
    });
    if (kind === undefined) this.#longest = Math.max(this.#longest, performance.now() - begun);
    return { ended, told: moment === undefined ? "to the end" : `after ${moment} ms` };
  }

  #nextFate(): Fate {
    if (this.#queue.length === 0) {
      const { operations, random } = this.#options;
      this.#queue = Array.from({ length: operations }, (_, i) => HOWS.map((how) => ({ at: i + 1, how }))).flat();
      random.shuffle(this.#queue);
    }
    return this.#queue.pop() as Fate;
  }
}
