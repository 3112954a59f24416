/** How often, and until it has had its time, a case is put back that a service has no place for beside others: what it refuses still it refuses for another reason. */
const putBackLimit = 3;

/** The clients that a service takes at a time, as its refusals show. */
export interface Places {
  /** Infinity until it has refused more. */
  readonly limit: number;
  /** Those of one attempt, by so many lanes, or fewer. */
  begin(lanes: number): AttemptPlaces;
}

export interface AttemptPlaces {
  readonly lanes: number;
  /** Counts a client as asked for until there is an answer. */
  ask<Answer>(answer: Promise<Answer>): Promise<Answer>;
  /** The service has one client more, or one less. */
  take(): void;
  leave(): void;
  /**
   * When a case is to be run again that had no place: after so many milliseconds, or 'elsewhere', when another lane has time, and its own is one too
   * many. Undefined if it was refused often and long enough.
   */
  refuse(id: string): number | 'elsewhere' | undefined;
}

/** `wait`: ms that a service has until one that is full is one that fails. */
export function createPlaces(wait: number): Places {
  let limit = Infinity;
  let mostHeld = 0;
  return {
    get limit() {
      return limit;
    },
    begin(given) {
      let lanes = Math.min(given, limit);
      let held = 0;
      let asked = 0;
      /** Since when there is no place, though no client holds one. */
      let fullSince: number | undefined;
      const refusedBeside = new Map<string, { times: number; since: number }>();
      return {
        get lanes() {
          return lanes;
        },
        ask(answer) {
          asked++;
          return answer.finally(() => asked--);
        },
        take() {
          fullSince = undefined;
          mostHeld = Math.max(mostHeld, ++held);
        },
        leave() {
          held--;
        },
        refuse(id) {
          const now = performance.now();
          const isAlone = held === 0;
          const beside = refusedBeside.get(id) ?? { times: 0, since: now };
          if (isAlone) fullSince ??= now;
          else {
            beside.times++;
            refusedBeside.set(id, beside);
          }
          const since = now - (isAlone ? fullSince! : beside.since);
          if (since > wait && (isAlone || beside.times > putBackLimit)) return undefined;
          if (!isAlone && lanes > mostHeld + asked) {
            lanes--;
            limit = mostHeld;
            return 'elsewhere';
          }
          // It has had as many: the place of one that was ended comes late.
          return Math.min(100 + since / 2, 1000);
        }
      };
    }
  };
}
