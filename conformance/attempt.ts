import type { SectionedCase } from './load-cases.ts';
import type { Engine } from './engine.ts';
import type { Job, Observation } from './observation.ts';
import { isPassed } from './report.ts';
import type { GlobalKind, Judgement, Run } from './report.ts';
import { now, type RequestRecord } from '../fixtures-server/request-log.ts';
import type { FixturesServer } from '../fixtures-server/server.ts';
import { byteLengthOf, writes, type StreamItem } from '../fixtures-server/stream-script.ts';
import { cut } from './chunkings.ts';
import { judge, resolveNames } from './verdict.ts';
import type { Names } from './verdict.ts';

/** One way of cutting one case's bytes, to be run. */
export interface PlannedRun {
  play: string;
  chunking: string;
  case: SectionedCase;
}

/** What happens in one session of an engine between a start and its end, as the routes see it. */
export interface Attempt {
  implementation: string;
  global: GlobalKind | undefined;
  bundle?: string;
  lanes: number;
  origins: string[];
  /** Fulfils when the engine is not asleep, or when the attempt is over. */
  whenAwake(): Promise<void>;
  /** The session begins anew, as a page that is loaded again does: what was under way there is to be taken again. */
  beginAnew(): void;
  /** Fulfils when `play` may be taken: a session has one case of much data at a time. */
  whenFree(play: string): Promise<void>;
  /** Takes the next job, or that of a given play; null if there is none (left). */
  take(origin: string, play?: string): Job | null;
  /** Takes what was observed; null if that says little and the play is to be taken again, undefined if nobody waits for it any more. */
  handIn(play: string, observation: Observation): Judgement | null | undefined;
  /** Takes what came by a route of the session that is the engine's own. */
  receive(path: string, body: string): void;
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
}

/** Why a run is not observed whose engine goes on with others. */
export const noAnswer = 'the engine gave no answer in time';
/** How it begins if it does not. */
export const silent = 'the engine has said nothing for ';
/** Milliseconds without a word after which an engine with overdue jobs has hung, and one that should ask for jobs will not. */
const silenceWithOverdue = 5000;
const silence = 40_000;
/** Milliseconds without a turn of the clock below after which the machine has slept. */
const sleptAfter = 2000;
/** ms of a case that says nothing else. */
const defaultLimit = 4000;
/** How often a run may be under way when a page is loaded again. */
const reloadLimit = 2;
/** How often a run is taken again whose time was over before the server had written all, beside a case of much data, or late itself. */
const lateLimit = 2;
/** How often a run is taken again during which the engine was stopped: it may be what stops it. */
const disturbedLimit = 2;
/** Milliseconds that the end of a run's time may come late. */
const heldUpAfter = 500;
/** Milliseconds before a run is handed in: what closed earlier was not closed by its end. */
const givenUpBefore = 1000;
/** Milliseconds after which a connection of a closed source is one that was left open: an engine at a case of much data is late with it. */
const leakAfter = 5000;
/** Milliseconds that an engine may be late with an answer, after the limit of its case: it may wait for a connection that was left open, and a loaded machine is slow. */
const grace = leakAfter + 3000;
/** Milliseconds before the second look whether it is closed, and between two of the last: each copies the log. */
const firstLook = 25;
const lookInterval = 250;

/** Starts an engine once, serves it `runs`, and ends it. `onRun` gets every finished run. Never rejects. */
export async function attempt(options: {
  engine: Engine;
  implementation: string;
  global: GlobalKind | undefined;
  bundle?: string;
  lanes: number;
  token: string;
  runs: PlannedRun[];
  server: FixturesServer;
  /** The server's, as the engine reaches it. */
  origins: string[];
  dist: string;
  register(token: string, session: Attempt): () => void;
  onRun(planned: PlannedRun, run: Run): void;
  /** A run is to be run again, and why that is. */
  onRerun(planned: PlannedRun, why: string): void;
  onStart(): void;
  onRemark(text: string): void;
  /** What is under way, longest first: at each change, and now and then. */
  onInFlight(plays: string[]): void;
}): Promise<Outcome> {
  const { engine, implementation, global, lanes, token, server, origins } = options;
  const bundle = options.bundle === undefined ? {} : { bundle: options.bundle };
  const untaken = new Map(
    spread(options.runs)
      .sort((a, b) => longestWait(b) - longestWait(a))
      .map((run) => [run.play, run])
  );
  const inFlight = new Map<
    string,
    {
      planned: PlannedRun;
      session: number;
      token: string;
      names: Names;
      deadline: number;
      isDisturbed: boolean;
      /** Whether a case of much data was under way with it. */
      wasBesideMuch: boolean;
    }
  >();
  const reloads = new Map<string, number>();
  const late = new Map<string, number>();
  const disturbed = new Map<string, number>();
  let sleepers: (() => void)[] = [];
  // A token per job: its cookies are of a path of their own, and its connections can be ended apart.
  const jobTokens = new Set<string>();
  let jobCount = 0;
  /** The origins of connections that closed sources have left open: a browser has six at a time for each. */
  const leftOpen = new Map<string, string>();
  /** Runs whose answer is in, and whose connections have some time yet. */
  const closing = new Set<Promise<void>>();
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
      wake();
      for (const unregister of unregisters) unregister();
      void Promise.all([running?.stop(), ...closing]).then(() => {
        for (const jobToken of jobTokens) server.retireToken(jobToken);
        resolve({
          ...(failure === undefined ? {} : { failure }),
          isFinal,
          isStarted,
          inFlight: [...inFlight.values()].map(({ planned }) => planned),
          untaken: [...untaken.values()],
          disagreements: engine.confirms
            ? [...passed].filter(([play, pass]) => confirmed.get(play) !== pass).map(([play]) => play)
            : []
        });
      });
    };
    const finishIfAllIsDone = (): void => {
      if (untaken.size + inFlight.size + closing.size > 0) return;
      if (engine.confirms && [...passed.keys()].some((play) => !confirmed.has(play))) return;
      finish();
    };
    const endJob = (jobToken: string): void => {
      server.retireToken(jobToken);
      jobTokens.delete(jobToken);
    };
    const wake = (): void => {
      for (const resolve of sleepers) resolve();
      sleepers = [];
    };
    const heard = (): void => {
      lastHeard = Date.now();
      if (!isStarted) options.onStart();
      isStarted = true;
    };

    const createSession = (session: number): Attempt => ({
      implementation,
      global,
      ...bundle,
      lanes,
      origins,
      whenAwake: () =>
        new Promise((resolve) => {
          if (!isOver && engine.isAsleep?.()) sleepers.push(resolve);
          else resolve();
        }),
      beginAnew() {
        for (const [play, { planned, session: takenBy, token: jobToken }] of inFlight) {
          if (takenBy !== session) continue;
          const times = (reloads.get(play) ?? 0) + 1;
          reloads.set(play, times);
          inFlight.delete(play);
          endJob(jobToken);
          if (times <= reloadLimit) {
            untaken.set(play, planned);
            options.onRerun(planned, 'the page was loaded again');
          } else
            options.onRun(
              planned,
              notObserved(planned, `the page was loaded again ${times} times during it`)
            );
        }
      },
      async whenFree(play) {
        const planned = untaken.get(play);
        if (!planned || !hasMuchData(planned)) return;
        while (!isOver && underWayIn(session).some(hasMuchData))
          await new Promise((resolve) => setTimeout(resolve, 20));
      },
      take(origin, play) {
        heard();
        const planned = play === undefined ? findNext(underWayIn(session)) : untaken.get(play);
        if (!planned || isOver) return null;
        untaken.delete(planned.play);
        const jobToken = `${token}-${++jobCount}`;
        jobTokens.add(jobToken);
        const names = nameFor(planned.play, origin, origins, jobToken);
        const job = createJob(planned, names);
        const wasBesideMuch = underWayIn(session).some(hasMuchData);
        if (hasMuchData(planned))
          for (const other of inFlight.values()) other.wasBesideMuch ||= other.session === session;
        inFlight.set(planned.play, {
          planned,
          session,
          token: jobToken,
          names,
          deadline: Date.now() + job.limit + grace,
          isDisturbed: false,
          wasBesideMuch
        });
        options.onInFlight([...inFlight.keys()]);
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
        const isRight = isPassed(judgement.verdict);
        const timesLate = late.get(play) ?? 0;
        const whyLate =
          !isRight && timesLate < lateLimit
            ? findDelay(
                waiting,
                observation,
                requests,
                [...leftOpen.values()].some((one) => one === names.origin || one === names.otherOrigin)
              )
            : null;
        // Beside much data that time says nothing, however often.
        if (whyLate !== null)
          late.set(play, timesLate + (waiting.wasBesideMuch && observation.over === 'limit' ? 0 : 1));
        const timesDisturbed = disturbed.get(play) ?? 0;
        if (waiting.isDisturbed) disturbed.set(play, timesDisturbed + 1);
        const whyAgain =
          waiting.isDisturbed && timesDisturbed < disturbedLimit
            ? 'the engine was stopped meanwhile'
            : whyLate;
        if (whyAgain !== null && !isRight) {
          endJob(jobToken);
          untaken.set(play, planned);
          options.onRerun(planned, `${judgement.verdict}: ${whyAgain}`);
          return null;
        }
        passed.set(play, isRight);
        const run: Run = { chunking: planned.chunking, ...judgement, observation, requests };
        if (wasClosed(planned, run)) {
          const closed = findLeak(jobToken).then((leak) => {
            closing.delete(closed);
            endJob(jobToken);
            options.onRun(planned, leak === undefined ? run : { ...run, leak });
            finishIfAllIsDone();
          });
          closing.add(closed);
        } else {
          endJob(jobToken);
          options.onRun(planned, run);
        }
        options.onInFlight([...inFlight.keys()]);
        // The answer to this request goes out first.
        setImmediate(finishIfAllIsDone);
        return judgement;
      },
      receive(path, body) {
        heard();
        running?.receive?.(path, body);
      },
      breakDown(reason) {
        finish(reason, true);
      }
    });
    /**
     * Waits for the connections of sources that are closed. Of them the last one counts: of those before, browsers may keep the unfinished
     * body of a redirect.
     */
    async function findLeak(jobToken: string): Promise<string | undefined> {
      const until = now() + leakAfter;
      for (let interval = firstLook; ; interval = Math.min(interval * 2, lookInterval)) {
        const requests = server.requests(jobToken);
        const last = requests.at(-1);
        const left = until - now();
        // An engine that ended had no time to close it.
        const isClosed = isOver || last?.endedAt !== null || last.closedAt !== null;
        if (isClosed || left <= 0) leftOpen.delete(jobToken);
        if (isClosed) return undefined;
        if (left <= 0)
          return `requests[${requests.length - 1}] was still open ${leakAfter} ms after its source had been closed`;
        if (interval === lookInterval) leftOpen.set(jobToken, last.origin);
        await new Promise((resolve) => setTimeout(resolve, Math.min(interval, left)));
      }
    }
    const underWayIn = (session: number) =>
      [...inFlight.values()].filter((run) => run.session === session).map(({ planned }) => planned);

    /**
     * Cases of much data take an engine's time from one another, so a session has one of them at a time, and begins with them. What may wait
     * longest comes next, lest all wait for it in the end: in three quarters of the lanes, and not beside much data, since an engine that is busy is late.
     */
    function findNext(underWay: PlannedRun[]): PlannedRun | undefined {
      const hasMuch = underWay.some(hasMuchData);
      const waiting = underWay.filter((planned) => longestWait(planned) > defaultLimit).length;
      let longest: PlannedRun | undefined;
      let shortest: PlannedRun | undefined;
      let lateOne: PlannedRun | undefined;
      for (const planned of untaken.values()) {
        if (hasMuchData(planned)) {
          if (!hasMuch) return planned;
        } else if (hasMuch && late.has(planned.play)) lateOne = planned;
        else {
          longest ??= planned;
          shortest = planned;
        }
      }
      return (hasMuch || waiting >= (lanes * 3) / 4 ? shortest : longest) ?? lateOne;
    }

    const sessions = Array.from({ length: engine.sessions ?? 1 }, (_, index) => createSession(index));
    const self = sessions[0]!;
    const tokens = sessions.map((_, index) => (index === 0 ? token : `${token}.${index + 1}`));
    const unregisters = sessions.map((session, index) => options.register(tokens[index]!, session));

    const running = start();
    void running?.ended.then((why) => {
      // What it said last may still be on its way.
      setTimeout(
        () => finish(isStarted ? `the engine ended: ${why}` : `the engine did not start: ${why}`),
        200
      );
    });
    let lastTurn = Date.now();
    const timer = setInterval(() => {
      const now = Date.now();
      const turn = now - lastTurn;
      lastTurn = now;
      const isAsleep = engine.isAsleep?.() ?? false;
      if (isAsleep || turn > sleptAfter) {
        lastHeard += turn;
        for (const job of inFlight.values()) {
          job.deadline += turn;
          job.isDisturbed = true;
        }
        return;
      }
      wake();
      // An engine that is at a case of much data answers nothing else. That case has a deadline of its own.
      const underWay = [...inFlight.values()];
      const busy = new Set(
        underWay.filter(({ planned }) => hasMuchData(planned)).map(({ session }) => session)
      );
      for (const job of underWay)
        if (busy.has(job.session) && !hasMuchData(job.planned)) job.deadline += turn;
      const overdue = underWay.filter(({ deadline }) => deadline < now);
      const quiet = now - lastHeard;
      if (overdue.length > 0 && quiet > silenceWithOverdue) {
        return finish(`${silent}${Math.round(quiet / 1000)} s`);
      }
      for (const { planned, token: jobToken } of overdue) {
        inFlight.delete(planned.play);
        endJob(jobToken);
        options.onRun(planned, notObserved(planned, noAnswer));
      }
      options.onInFlight([...inFlight.keys()]);
      if (quiet > silence) {
        finish(
          isStarted
            ? 'the engine stopped asking for jobs'
            : `the engine asked ${origins[0]} for no job in ${silence / 1000} s`
        );
      } else finishIfAllIsDone();
    }, 250);

    function start() {
      try {
        return engine.open({
          url: `${origins[0]}/run/${token}/`,
          furtherUrls: tokens.slice(1).map((one) => `${origins[0]}/run/${one}/`),
          origins,
          implementation,
          ...bundle,
          lanes,
          plays: options.runs.map((run) => ({
            id: run.play,
            section: run.case.section,
            title: run.case.title
          })),
          dist: options.dist,
          take: (origin) => self.take(origin),
          handIn: (play, observation) => void self.handIn(play, observation),
          decline(play, why) {
            heard();
            const waiting = inFlight.get(play);
            if (!waiting || isOver) return;
            inFlight.delete(play);
            endJob(waiting.token);
            options.onRun(waiting.planned, notObserved(waiting.planned, why));
            setImmediate(finishIfAllIsDone);
          },
          putBack(play) {
            heard();
            const waiting = inFlight.get(play);
            if (!waiting || isOver) return;
            inFlight.delete(play);
            endJob(waiting.token);
            untaken.set(play, waiting.planned);
          },
          remark: options.onRemark,
          hold: (play) => server.hold(inFlight.get(play)!.token),
          breakDown: self.breakDown,
          confirm(play, hasPassed) {
            confirmed.set(play, hasPassed);
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

/** Bytes from which on a case has much data. */
const much = 500_000;
/** Its multiples, without their integers, are spread evenly, however many there are. */
const goldenRatio = (1 + Math.sqrt(5)) / 2;
const sizes = new WeakMap<SectionedCase, number>();

function hasMuchData({ case: testCase }: PlannedRun): boolean {
  let size = sizes.get(testCase);
  if (size === undefined) {
    size = testCase.connections.reduce((sum, { stream = [] }) => sum + byteLengthOf(stream), 0);
    sizes.set(testCase, size);
  }
  return size > much;
}

/** Far from one another what were neighbours, which wait or fail alike: all lanes would wait together. The runs of a case stay together. */
function spread(runs: PlannedRun[]): PlannedRun[] {
  const cases = [...new Set(runs.map((run) => run.case))];
  const places = new Map(cases.map((testCase, index) => [testCase, (index * goldenRatio) % 1]));
  return runs.toSorted((a, b) => places.get(a.case)! - places.get(b.case)!);
}

/** ms that a run may take. */
function longestWait({ case: { until, limit = defaultLimit } }: PlannedRun): number {
  return limit + (until?.settle ?? 0);
}

/** Why what a run showed says little; null if it says what it says. */
function findDelay(
  { planned, wasBesideMuch }: { planned: PlannedRun; wasBesideMuch: boolean },
  observation: Observation,
  requests: RequestRecord[],
  isCrowded: boolean
): string | null {
  // Also what its script measured.
  if (wasBesideMuch) return 'it was beside a case of much data';
  if (observation.over !== 'limit') return null;
  if (isCrowded) return 'its time was over beside connections that other cases had left open';
  if (isHeldUp(planned, observation)) return 'the end of its time came late';
  if (isStillPlayed(planned, requests)) return 'its time was over before the server had written all';
  return null;
}

/**
 * Whether a source of a run was open, or connecting, when close() was called, which ends its connection. A script that went another way
 * than it should may have closed nothing, and what becomes of the body of a response that failed the connection the standard does not say.
 */
function wasClosed({ case: { client } }: PlannedRun, { verdict, observation }: Run): boolean {
  if (client?.script !== undefined || client?.close !== undefined) return isPassed(verdict);
  return observation?.readyState === 0 || observation?.readyState === 1;
}

/** Whether the engine had no turn when the time of a run was over, and so perhaps before. */
function isHeldUp({ case: { limit = defaultLimit } }: PlannedRun, { at }: Observation): boolean {
  return at > limit + heldUpAfter;
}

/**
 * Whether the server had more to write when the time of a run was over, as on a machine under load: a failure then says little. A
 * connection that the engine gave up before its source was closed is not what it was late with.
 */
function isStillPlayed({ case: testCase, chunking }: PlannedRun, requests: RequestRecord[]): boolean {
  const { play } = cut(testCase.section, testCase).find((one) => one.chunking === chunking)!;
  return requests.some(({ connection, endedAt, closedAt, writes: written }) => {
    if (connection === null || endedAt !== null) return false;
    if (closedAt !== null && now() - closedAt > givenUpBefore) return false;
    const { head, stream = [] } = play.connections[Math.min(connection, play.connections.length - 1)]!;
    const count = (items: StreamItem[]) => writes(items).filter((item) => Buffer.isBuffer(item)).length;
    return written.length < (head ? count(head) : 1) + count(stream);
  });
}

export function notObserved(planned: PlannedRun, why: string): Run {
  return { chunking: planned.chunking, verdict: 'not observed', differences: [], why };
}

/** `origin` is the page's; where it is none of the server's, the other one still is. */
export function nameFor(play: string, origin: string, origins: string[], token: string): Names {
  const otherOrigin = origins[(origins.indexOf(origin) + 1) % origins.length]!;
  const path = `/sse/${token}/${play}`;
  const isOwn = !origins.includes(origin) && otherOrigin === origins[0];
  const other = isOwn ? origins[1 % origins.length]! : otherOrigin;
  return { origin, otherOrigin: other, url: origin + path, otherUrl: other + path };
}

export function createJob(planned: PlannedRun, names: Names): Job {
  const { client = {}, until, limit = defaultLimit } = planned.case;
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
