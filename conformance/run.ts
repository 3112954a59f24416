import { cpus, release } from 'node:os';
import { createFixturesServer, needsHttp1 } from '../fixtures-server/server.ts';
import type { FixturesServer, FixturesServerOptions } from '../fixtures-server/server.ts';
import { attempt, noAnswer, notObserved, silent } from './attempt.ts';
import type { Attempt, PlannedRun } from './attempt.ts';
import { features, inNatives } from './case.ts';
import { cut } from './chunkings.ts';
import type { Engine } from './engine.ts';
import {
  compareWithExpectation,
  findExpectedFailure,
  findStale,
  isHeld,
  isOurs
} from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import type { Implementation } from './implementation.ts';
import type { SectionedCase } from './load-cases.ts';
import { isHarmless, isPassed } from './report.ts';
import type { Cell, Column, GlobalKind, Progress, Report, Run } from './report.ts';
import { createDistRoute, createSessionRoutes } from './session-routes.ts';
import { compareVerdicts } from './verdict.ts';

export interface RunOptions {
  engines: Engine[];
  /** Names and other people's; default: those of each engine. A name that an engine does not have is left out there; one that is an implementation itself has its own. */
  implementations?: (string | Implementation)[];
  /** Kinds of global object, in browsers; other engines have one and no choice. Default: window. */
  globals?: GlobalKind[];
  cases: SectionedCase[];
  expectedFailures: ExpectedFailure[];
  /** Whose verdicts are held to them; default: truesource's. */
  expectationsOf?: 'all';
  /** Directory of the package as built. */
  dist: string;
  /** Version of the package. */
  version: string;
  /** Commit of whatwg/html. */
  standard: string;
  /** Where it takes place; default: on a fixtures server of its own. */
  venue?: Venue;
  /** What the report says of the machine; default: this one. */
  host?: string;
  /** Ends the run, which then throws the signal's reason. */
  signal?: AbortSignal;
}

/** A fixtures server with the suite's routes, on which runs can take place side by side. */
export interface Venue {
  server: FixturesServer;
  attempts: Map<string, Attempt>;
  /** The server's origins as the engines reach it, in its order, from whichever on. */
  origins: string[];
  /** Tells the sessions of this run from those of others. */
  name: string;
  /** Whether the engines come over HTTP/2. */
  isHttp2?: boolean;
}

export type RunEvent =
  | { type: 'progress'; progress: Progress }
  | { type: 'cell'; cell: Cell }
  | { type: 'report'; report: Report };

/** Origins of the fixtures server: with 4 lanes each, enough for 32 cases at a time in a browser. */
export const originCount = 8;
/** How often an unsteady engine runs a case at most whose answers are lost. */
const lookLimit = 5;
/** How often a column's engine may fail before what is left counts as not observed. */
const failureLimit = 6;
/** Bytes of what engines may hand in at once. */
const bodyBytes = 32 * 1024 * 1024;

/**
 * Runs the cases in every engine with every implementation: yields progress, each cell when its last run is in, and at last the report.
 * Prints nothing and exits nothing; what goes wrong in an engine is in its column. Ends all that it started when it is left early.
 */
export async function* run(options: RunOptions): AsyncGenerator<RunEvent, Report> {
  const startedAt = new Date();
  const planned = options.cases.flatMap((testCase) =>
    cut(testCase.section, testCase).map(({ chunking, play }) => ({ play, chunking, case: testCase }))
  );
  const venue = options.venue ?? (await openVenue(options.dist));
  venue.server.addCases(planned.map(({ play }) => play));
  const runs = planned.map((one) => ({ ...one, play: one.play.id }));

  const columns: Column[] = [];
  const cells: Cell[] = [];
  const progress: Progress = { columns: [], elapsed: 0, waitingFor: [] };
  const events: RunEvent[] = [];
  let wake = (): void => {};
  const emit = (event: RunEvent): void => {
    events.push(event);
    wake();
  };
  const emitProgress = (): void => {
    progress.elapsed = Date.now() - startedAt.getTime();
    if (events.at(-1)?.type !== 'progress') emit({ type: 'progress', progress });
  };

  const mute = new Map<Engine, string>();
  const heard = new Set<Engine>();
  const tasks: { engine: Engine; perform(): Promise<void> }[] = [];
  const tasksUnsteady: typeof tasks = [];
  const tasksAlone: typeof tasks = [];
  for (const engine of options.engines) {
    const found = await engine.find();
    const chosen = engine.isImplementation ? undefined : options.implementations;
    const wanted = (chosen ?? engine.implementations).filter(
      (one) => typeof one === 'object' || engine.implementations.includes(one)
    );
    const foreigners = new Map(wanted.flatMap((one) => (typeof one === 'object' ? [[one.name, one]] : [])));
    const names = [...new Set(wanted.map((one) => (typeof one === 'object' ? one.name : one)))];
    const own: typeof tasks = [];
    for (const name of listColumns(engine, names)) {
      const column: Column = { ...name, status: 'ran' };
      const { implementation, global } = column;
      const isFirst = global === undefined || global === 'window';
      if (options.globals ? global && !options.globals.includes(global) : !isFirst) continue;
      const foreign = foreigners.get(implementation);
      if (foreign?.version !== undefined) column.implementationVersion = foreign.version;
      columns.push(column);
      if ('missing' in found) {
        Object.assign(column, { status: 'not installed', note: found.missing });
        continue;
      }
      column.version = found.version;
      const state: Progress['columns'][number] = {
        engine: engine.name,
        implementation,
        ...(global && { global }),
        done: 0,
        total: runs.filter((one) => !findObstacle(one.case, column, engine, venue)).length,
        state: 'waiting'
      };
      progress.columns.push(state);
      const token = `${venue.name}-${columns.length}`;
      const perform = async () => {
        const started = Date.now();
        await runColumn(
          { engine, column, foreign, state, runs, token, options, venue, mute, heard },
          (cell) => {
            cells.push(cell);
            emit({ type: 'cell', cell });
          },
          (waitingFor) => {
            progress.waitingFor = waitingFor;
            emitProgress();
          }
        );
        column.duration = Date.now() - started;
        emitProgress();
      };
      const queue = engine.isOnePlace ? tasksAlone : engine.unsteady !== undefined ? tasksUnsteady : own;
      queue.push({ engine, perform });
    }
    // Node's columns, which are short, come last: nothing long is then left to run alone. Of an engine the native one, which takes longest, is first.
    tasks.unshift(...own);
  }

  let isDone = false;
  // Two columns at a time, since every engine waits for a third of its time or more: on 2 cores Chromium's three were done in 55 s rather than 65.
  // Of two engines if possible: two columns of one meet the same cases of much data at once. What is unsteady fails more often beside what keeps
  // the processors busy, as Qt's engines do not.
  const underWay = new Set<Engine>();
  const work = async (queue: typeof tasks): Promise<void> => {
    for (;;) {
      const index = queue.findIndex(({ engine }) => !underWay.has(engine));
      const [task] = queue.splice(Math.max(index, 0), 1);
      if (!task) return;
      underWay.add(task.engine);
      await task.perform();
      underWay.delete(task.engine);
    }
  };
  const all = Promise.all([work(tasks), work(tasks)])
    .then(() => work(tasksAlone))
    .then(() => Promise.all([work(tasksUnsteady), work(tasksUnsteady)]))
    .finally(() => {
      isDone = true;
      wake();
    });
  all.catch(() => {});
  const { signal } = options;
  signal?.addEventListener('abort', () => wake());
  try {
    while (!isDone || events.length > 0) {
      signal?.throwIfAborted();
      const event = events.shift();
      if (event) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await all;
  } finally {
    tasks.length = tasksUnsteady.length = tasksAlone.length = 0;
    for (const [token, one] of [...venue.attempts]) {
      if (token.startsWith(`${venue.name}-`)) one.breakDown('the run was ended');
    }
    await all.catch(() => {});
    await Promise.all(options.engines.map((engine) => engine.close?.()));
    if (venue !== options.venue) await venue.server.close();
  }

  const report: Report = {
    schema: 1,
    truesource: options.version,
    standard: options.standard,
    startedAt: startedAt.toISOString(),
    duration: Date.now() - startedAt.getTime(),
    host:
      options.host ??
      `${process.platform} ${release()} ${process.arch}, ${cpus().length} CPUs, Node ${process.version}`,
    ...(options.expectationsOf && { expectationsOf: options.expectationsOf }),
    columns,
    cases: options.cases,
    cells,
    stale: findStale(options.expectedFailures, cells)
  };
  yield { type: 'report', report };
  return report;
}

/** The columns that implementations can have in an engine: first those of its window, or of what a process has, then those of its workers. */
export function listColumns(
  engine: Engine,
  implementations: string[]
): Pick<Column, 'engine' | 'implementation' | 'global'>[] {
  return [undefined, ...(engine.workers ?? [])].flatMap((worker) =>
    implementations.map((implementation) => {
      const isPage = engine.features(implementation).includes('document');
      const global = worker ?? (isPage ? 'window' : undefined);
      return { engine: engine.name, implementation, ...(global && { global }) };
    })
  );
}

/** The ports of a venue: free ones for 0. */
export function portsFrom(first: number): number[] {
  return Array.from({ length: originCount }, (_, index) => (first === 0 ? 0 : first + index));
}

/** A venue of free ports, or on `options`. Rejects as createFixturesServer does. */
export async function openVenue(
  dist: string,
  options: Pick<FixturesServerOptions, 'host' | 'ports' | 'tls' | 'http2' | 'suitePage' | 'routes'> = {}
): Promise<Venue> {
  const attempts = new Map<string, Attempt>();
  const server = await createFixturesServer({
    ports: portsFrom(0),
    limits: { bodyBytes },
    ...options,
    routes: [createDistRoute(dist), ...createSessionRoutes(attempts), ...(options.routes ?? [])]
  });
  return { server, attempts, origins: server.origins, name: 'column' };
}

/** Runs one engine with one implementation, in as many starts as it takes. */
async function runColumn(
  {
    engine,
    column,
    foreign,
    state,
    runs,
    token,
    options,
    venue,
    mute,
    heard
  }: {
    engine: Engine;
    column: Column;
    foreign: Implementation | undefined;
    state: Progress['columns'][number];
    runs: PlannedRun[];
    token: string;
    options: RunOptions;
    venue: Venue;
    /** Engines elsewhere that never asked for a job, and what was said of them: they are not started for a second implementation. */
    mute: Map<Engine, string>;
    /** Engines that have asked for a job. */
    heard: Set<Engine>;
  },
  onCell: (cell: Cell) => void,
  onProgress: (waitingFor: string[]) => void
): Promise<void> {
  const { implementation } = column;
  const open = new Map<string, { runs: Run[]; expected: number }>();
  for (const { case: testCase } of runs) {
    const entry = open.get(testCase.id) ?? { runs: [], expected: 0 };
    entry.expected++;
    open.set(testCase.id, entry);
  }

  const reruns = new Map<PlannedRun, string[]>();
  const onRerun = (planned: PlannedRun, why: string): void => {
    reruns.set(planned, [...(reruns.get(planned) ?? []), why]);
  };
  const onRun = (planned: PlannedRun, run: Run): void => {
    const entry = open.get(planned.case.id)!;
    const whyAgain = reruns.get(planned);
    entry.runs.push(whyAgain ? { ...run, reruns: whyAgain } : run);
    keepEvidenceOfWorst(entry.runs);
    state.done++;
    if (entry.runs.length === entry.expected) onCell(createCell(planned.case, column, entry.runs, options));
  };

  const again: PlannedRun[] = [];
  const failed = new Map<PlannedRun, Run[]>();
  const onAttemptedRun = (planned: PlannedRun, run: Run): void => {
    const isFailure = !isPassed(run.verdict) && run.verdict !== 'unsupported';
    const looks = [...(failed.get(planned) ?? []), run];
    const told = looks.filter(({ why }) => why !== noAnswer);
    const isExpected =
      run.verdict !== 'not observed' &&
      findExpectedFailure(options.expectedFailures, planned.case.id, column) !== undefined;
    if (
      engine.unsteady !== undefined &&
      isFailure &&
      !isExpected &&
      told.length <= (isOurs(implementation) ? 2 : 1) &&
      looks.length < lookLimit
    ) {
      failed.set(planned, looks);
      onRerun(planned, `${run.verdict}: ${engine.unsteady}`);
      again.push(planned);
      return;
    }
    // An answer that was lost says nothing beside others.
    const heard = told.filter(({ why }) => !why?.startsWith(silent));
    const seen = heard.length > 0 ? heard : looks;
    const last = seen.at(-1)!;
    const [worst] = seen.toSorted(compareVerdicts);
    const isFlaky = seen.some(({ verdict }) => verdict !== last.verdict);
    // Unsteadiness explains failures among passes, not that nothing passed.
    const explanation = isHarmless(last.verdict) ? { explanation: engine.unsteady! } : {};
    onRun(
      planned,
      isFlaky ? { ...worst!, flaky: { seen: seen.map(({ verdict }) => verdict), ...explanation } } : last
    );
  };

  const possible: PlannedRun[] = [];
  for (const planned of runs) {
    const why = findObstacle(planned.case, column, engine, venue);
    if (why === undefined) possible.push(planned);
    else {
      onRun(planned, { chunking: planned.chunking, verdict: 'unsupported', differences: [], why });
    }
  }
  state.done = 0;

  // What was under way when an engine failed is tried again one by one, so that the failure finds its case.
  const batches = [{ runs: possible, lanes: engine.lanes }];
  const disagreements: string[] = [];
  const known = mute.get(engine);
  if (known !== undefined) {
    Object.assign(column, { status: 'broken', note: known });
    for (const planned of batches.pop()!.runs) onRun(planned, notObserved(planned, known));
  }
  let failures = 0;
  let starts = 0;
  let hasStarted = false;
  const nextBatch = () =>
    batches.pop() ?? (again.length > 0 ? { runs: again.splice(0), lanes: engine.lanes } : undefined);
  for (let batch = nextBatch(); batch; batch = nextBatch()) {
    if (batch.runs.length === 0) continue;
    state.state = 'starting';
    onProgress([]);
    const attemptToken = `${token}-${++starts}`;
    const outcome = await attempt({
      engine,
      implementation: foreign?.url ?? implementation,
      global: column.global,
      ...(foreign?.bundle !== undefined && { bundle: foreign.bundle }),
      lanes: batch.lanes,
      token: attemptToken,
      runs: batch.runs,
      server: venue.server,
      origins: venue.origins,
      dist: options.dist,
      register(one, session) {
        venue.attempts.set(one, session);
        return () => venue.attempts.delete(one);
      },
      onRun: onAttemptedRun,
      onRerun,
      onStart() {
        heard.add(engine);
        state.state = 'running';
      },
      onRemark(text) {
        column.note = text;
      },
      onInFlight: onProgress
    });
    disagreements.push(...outcome.disagreements);
    if (outcome.failure === undefined) continue;
    const { failure, inFlight, untaken, isFinal, isStarted } = outcome;
    // A page of somebody's, who may open it again as often as they like: a case that hangs it alone is not tried again.
    const isOpenedByHand = engine.isAsleep !== undefined;
    if (!isOpenedByHand || inFlight.length === 0) failures++;
    hasStarted ||= isStarted;
    const isElsewhere = engine.address !== undefined;
    // A browser here may have been slow; one elsewhere that was never heard of does not reach this server.
    const startLimit = isElsewhere && !heard.has(engine) ? 1 : 2;
    // A page that somebody closes at once has not failed to start.
    const hasNotStarted = isOpenedByHand ? !hasStarted : !isStarted;
    const isHopeless = isFinal || failures > failureLimit || (failures >= startLimit && hasNotStarted);
    if (isHopeless) {
      const underWay = inFlight.map(({ play }) => play);
      const more = underWay.length > 5 ? ` and ${underWay.length - 4} more` : '';
      const named = more ? underWay.slice(-4) : underWay;
      const note = failure + (named.length > 0 ? `; under way: ${named.join(', ')}${more}` : '');
      Object.assign(column, { status: 'broken', note });
      // A page that says why has asked; and what others wrote may be what hinders it.
      if (!hasStarted && !isFinal && isElsewhere && !foreign) mute.set(engine, note);
      const left = [...untaken, ...batches.flatMap((one) => one.runs)];
      batches.length = 0;
      for (const planned of inFlight) onRun(planned, notObserved(planned, `under way when ${failure}`));
      for (const planned of left) onRun(planned, notObserved(planned, failure));
    } else {
      batches.push({ runs: untaken, lanes: batch.lanes });
      // A page that was opened again may have been closed by somebody: its case then has nothing to do with it, even if it was the only one.
      if (inFlight.length > 1 || (isOpenedByHand && batch.lanes > 1)) {
        batches.push({ runs: inFlight, lanes: 1 });
        for (const planned of inFlight) onRerun(planned, `under way when ${failure}`);
      } else {
        // A page that a case has hung twice needs somebody each time.
        const tell = isOpenedByHand ? onRun : onAttemptedRun;
        for (const planned of inFlight) tell(planned, notObserved(planned, failure));
      }
    }
  }
  if (disagreements.length > 0) {
    Object.assign(column, {
      status: 'broken',
      note: `${engine.name}'s own harness disagrees about ${disagreements.slice(0, 5).join(', ')}`
    });
  }
  state.state = column.status === 'broken' ? 'broken' : 'done';
}

/** Why a case means nothing in a column; undefined if it does. */
function findObstacle(
  testCase: SectionedCase,
  { implementation, global }: Column,
  engine: Engine,
  venue: Venue
): string | undefined {
  const isWorker = global !== undefined && global !== 'window';
  const available = engine.features(implementation).concat(implementation === 'native' ? inNatives : []);
  const lacking = (testCase.requires ?? []).filter(
    (feature) => !available.includes(feature) || (isWorker && feature === 'document')
  );
  if (lacking.length > 0) return `not so here: ${lacking.map((feature) => features[feature]).join('; ')}`;
  const why = venue.isHttp2 ? needsHttp1(testCase) : undefined;
  return why && `not over HTTP/2: ${why}`;
}

/** Worst first; only that one keeps its observation and requests. */
function keepEvidenceOfWorst(runs: Run[]): void {
  runs.sort(compareVerdicts);
  for (const run of runs.slice(1)) {
    delete run.observation;
    delete run.requests;
  }
}

function createCell(
  testCase: SectionedCase,
  { engine, implementation, global }: Column,
  runs: Run[],
  options: RunOptions
): Cell {
  const line = findExpectedFailure(options.expectedFailures, testCase.id, {
    engine,
    implementation,
    ...(global && { global })
  });
  return {
    case: testCase.id,
    engine,
    implementation,
    ...(global && { global }),
    verdict: runs[0]!.verdict,
    ...compareWithExpectation(runs, isHeld(options, implementation), line),
    runs
  };
}
