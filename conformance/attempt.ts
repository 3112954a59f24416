import type { SectionedCase } from './load-cases.ts';
import type { Engine } from './engine.ts';
import type { Job, Observation } from './observation.ts';
import type { Judgement, Run } from './report.ts';
import type { FixturesServer } from '../fixtures-server/server.ts';
import { judge, resolveNames } from './verdict.ts';
import type { Names } from './verdict.ts';

/** One way of cutting one case's bytes, to be run. */
export interface PlannedRun {
  play: string;
  chunking: string;
  case: SectionedCase;
}

/** What happens between one start of an engine and its end, as the routes see it. */
export interface Attempt {
  implementation: string;
  lanes: number;
  origins: string[];
  /** Takes the next job, or that of a given play; null if there is none (left). */
  take(origin: string, play?: string): Job | null;
  /** Takes what was observed; undefined if nobody waits for it any more. */
  handIn(play: string, observation: Observation): Judgement | undefined;
  /** Ends the attempt for a reason that another start will not change. */
  breakDown(reason: string): void;
}

export interface Outcome {
  /** What ended it before all was run; absent if all was. */
  failure?: string;
  /** Whether another start makes no sense. */
  isFinal: boolean;
  /** Whether the engine asked for anything. */
  isStarted: boolean;
  /** Runs that were under way, and those that nobody had taken. */
  inFlight: PlannedRun[];
  untaken: PlannedRun[];
  /** Runs that have an answer, an engine that judges said otherwise: what it said. */
  disagreements: string[];
  /** Runs whose last connection was still open a while after all their sources had been closed. */
  leaks: string[];
}

/** Milliseconds that an engine may be late with an answer, after the limit of its case: a loaded machine is slow. */
const grace = 5000;
/** Milliseconds without a word after which an engine with overdue jobs has hung, and one that should ask for jobs will not. */
const silenceWithOverdue = 5000;
const silence = 40_000;
/** Milliseconds after which a connection of a closed source is one that was left open. */
const leakAfter = 1000;

/** Starts an engine once, serves it `runs`, and ends it. `onRun` gets every finished run. Never rejects. */
export async function attempt(options: {
  engine: Engine;
  implementation: string;
  lanes: number;
  token: string;
  runs: PlannedRun[];
  server: FixturesServer;
  dist: string;
  register(attempt: Attempt): () => void;
  onRun(planned: PlannedRun, run: Run): void;
  onStart(): void;
  onTaken(inFlight: string[]): void;
}): Promise<Outcome> {
  const { engine, implementation, lanes, token, server } = options;
  const { origins } = server;
  const untaken = new Map(options.runs.map((run) => [run.play, run]));
  const inFlight = new Map<string, { planned: PlannedRun; token: string; names: Names; deadline: number }>();
  // A token per job: its cookies are of a path of their own, and its connections can be ended apart.
  const jobTokens = new Set<string>();
  let jobCount = 0;
  const leaks = new Set<string>();
  const passed = new Map<string, boolean>();
  const confirmed = new Map<string, boolean>();
  let lastHeard = Date.now();
  let isStarted = false;

  return new Promise<Outcome>((resolve) => {
    let isOver = false;
    const finish = (failure?: string, isFinal = false): void => {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      unregister();
      void Promise.resolve(running?.stop()).then(() => {
        for (const jobToken of jobTokens) server.endToken(jobToken);
        resolve({
          ...(failure === undefined ? {} : { failure }),
          isFinal,
          isStarted,
          inFlight: [...inFlight.values()].map(({ planned }) => planned),
          untaken: [...untaken.values()],
          disagreements: engine.confirms
            ? [...passed].filter(([play, pass]) => confirmed.get(play) !== pass).map(([play]) => play)
            : [],
          leaks: [...leaks]
        });
      });
    };
    const finishIfAllIsDone = (): void => {
      if (untaken.size + inFlight.size > 0) return;
      if (engine.confirms && confirmed.size < passed.size) return;
      finish();
    };
    const endJob = (jobToken: string): void => {
      server.endToken(jobToken);
      jobTokens.delete(jobToken);
    };
    const heard = (): void => {
      lastHeard = Date.now();
      if (!isStarted) options.onStart();
      isStarted = true;
    };

    const unregister = options.register({
      implementation,
      lanes,
      origins,
      take(origin, play) {
        heard();
        const planned = play === undefined ? untaken.values().next().value : untaken.get(play);
        if (!planned || isOver) return null;
        untaken.delete(planned.play);
        const jobToken = `${token}-${++jobCount}`;
        jobTokens.add(jobToken);
        const names = nameFor(planned.play, origin, origins, jobToken);
        const job = createJob(planned, names);
        inFlight.set(planned.play, {
          planned,
          token: jobToken,
          names,
          deadline: Date.now() + job.limit + grace
        });
        options.onTaken([...inFlight.keys()]);
        return job;
      },
      handIn(play, observation) {
        heard();
        const waiting = inFlight.get(play);
        if (!waiting || isOver) return undefined;
        inFlight.delete(play);
        const { planned, names, token: jobToken } = waiting;
        // An engine whose page has another origin than the server's sends what is for its own to the first of them.
        const requests = server
          .requests(jobToken, play)
          .map((request) =>
            origins.includes(names.origin) || request.origin !== origins[0]
              ? request
              : { ...request, origin: names.origin }
          );
        const judgement = judgeHostile(planned.case, observation, requests, names);
        passed.set(play, judgement.verdict === 'pass' || judgement.verdict === 'allowed');
        options.onRun(planned, { chunking: planned.chunking, ...judgement, observation, requests });
        setTimeout(() => {
          // The last one: of those before, browsers may keep the unfinished body of a redirect.
          if (server.requests(jobToken).at(-1)?.closedAt === null) leaks.add(play);
          endJob(jobToken);
        }, leakAfter).unref();
        // The answer to this request goes out first.
        setImmediate(finishIfAllIsDone);
        return judgement;
      },
      breakDown(reason) {
        finish(reason, true);
      }
    });

    const running = start();
    void running?.ended.then((why) => {
      // What it said last may still be on its way.
      setTimeout(
        () => finish(isStarted ? `the engine ended: ${why}` : `the engine did not start: ${why}`),
        200
      );
    });
    const timer = setInterval(() => {
      const now = Date.now();
      const overdue = [...inFlight.values()].filter(({ deadline }) => deadline < now);
      const quiet = now - lastHeard;
      if (overdue.length > 0 && quiet > silenceWithOverdue) {
        return finish(`the engine has said nothing for ${Math.round(quiet / 1000)} s`);
      }
      for (const { planned, token: jobToken } of overdue) {
        inFlight.delete(planned.play);
        endJob(jobToken);
        options.onRun(planned, notObserved(planned, 'the engine gave no answer in time'));
      }
      if (quiet > silence) {
        finish(
          isStarted
            ? 'the engine stopped asking for jobs'
            : `the engine did not open the page in ${silence / 1000} s`
        );
      } else finishIfAllIsDone();
    }, 250);

    function start() {
      try {
        return engine.open({
          url: `${origins[0]}/run/${token}/`,
          origins,
          implementation,
          lanes,
          plays: options.runs.map((run) => ({
            id: run.play,
            section: run.case.section,
            title: run.case.title
          })),
          dist: options.dist,
          confirm(play, isPassed) {
            confirmed.set(play, isPassed);
            finishIfAllIsDone();
          }
        });
      } catch (error) {
        setImmediate(() => finish(`the engine could not be started: ${String(error)}`, true));
        return undefined;
      }
    }
  });
}

export function notObserved(planned: PlannedRun, why: string): Run {
  return { chunking: planned.chunking, verdict: 'not observed', differences: [], why };
}

/** `origin` is the page's; where it is none of the server's, the other one still is. */
function nameFor(play: string, origin: string, origins: string[], token: string): Names {
  const otherOrigin = origins[(origins.indexOf(origin) + 1) % origins.length]!;
  const path = `/sse/${token}/${play}`;
  const isOwn = !origins.includes(origin) && otherOrigin === origins[0];
  const other = isOwn ? origins[1 % origins.length]! : otherOrigin;
  return { origin, otherOrigin: other, url: origin + path, otherUrl: other + path };
}

function createJob(planned: PlannedRun, names: Names): Job {
  const { client = {}, until, limit = 4000 } = planned.case;
  return {
    id: planned.play,
    ...names,
    client: client.url === undefined ? client : { ...client, url: resolveNames(client.url, names) },
    until: until ? { event: until.event, nth: until.nth ?? 1, settle: until.settle ?? 0 } : null,
    limit
  };
}

/** What an engine under test hands in need not have the shape of an observation. */
function judgeHostile(
  testCase: SectionedCase,
  observation: Observation,
  requests: ReturnType<FixturesServer['requests']>,
  names: Names
): Judgement {
  try {
    return judge(testCase, observation, requests, names);
  } catch (error) {
    return {
      verdict: 'not observed',
      differences: [],
      why: `the engine handed in what is no observation: ${String(error)}`
    };
  }
}
