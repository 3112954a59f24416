import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type {
  Catalogue,
  Look,
  NewVisit,
  ShownResult,
  Visit,
  VisitState
} from '../fixtures-server/pages/visit.ts';
import { Refusal } from '../fixtures-server/server.ts';
import type { Route } from '../fixtures-server/server.ts';
import { nameBrowser } from './browser-name.ts';
import { inPages } from './case.ts';
import type { Engine, Task } from './engine.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import type { SectionedCase } from './load-cases.ts';
import { inBrowsers } from './ours.ts';
import type { Cell, Progress, Report } from './report.ts';
import { clauseUrl } from './reports/clause.ts';
import { renderHtml } from './reports/html.ts';
import { renderJson } from './reports/json.ts';
import { explainRemarks, outcomeOf, outcomes, remarks, remarksOf } from './reports/outcome.ts';
import { run } from './run.ts';
import type { Venue } from './run.ts';
import { parseBody } from './session-routes.ts';

export interface VisitsOptions {
  /** Where the runs take place. */
  venue(): Venue;
  /** All cases, or those that match one of the globs; throws an Error that says which matches none. */
  chooseCases(globs?: string[]): SectionedCase[];
  expectedFailures: ExpectedFailure[];
  dist: string;
  version: string;
  standard: string;
}

/** How many visits are kept; the oldest is ended and forgotten for a new one. */
const visitLimit = 20;
/** Milliseconds without a look after which the page is asleep: browsers run the timers of a page in the background once a second at least. */
const asleepAfter = 5000;
/** Milliseconds without a look after which another page of the same browser goes on in its place: of a page that a case has hung, or that was closed. */
const replacedAfter = 10_000;
/** Milliseconds without a look after which the page is gone for good. */
const goneAfter = 60 * 60 * 1000;
/** How many cases run at a time: in browsers that are known to keep 6 connections per origin, however many origins, and in others. */
const lanes = { many: 28, few: 12 };
const manyConnections = ['chromium', 'edge', 'opera', 'samsung-internet', 'firefox'];

interface Entry {
  visit: Visit;
  browser: string;
  userAgent: string;
  address: string;
  globs: string[];
  cases: SectionedCase[];
  columns: VisitState['columns'];
  cells: Cell[];
  progress: Progress | undefined;
  report: Report | undefined;
  frame: string | null;
  isHidden: boolean;
  lastSeen: number;
  isStopped: boolean;
  stop(why: string): void;
  /** Ends what is under way, which then runs one by one. */
  interrupt(why: string): void;
}

/**
 * The routes by which pages have the suite run in their browser: each visit is a run of its own, with the browser as its only engine.
 * `GET /visits/cases` lists the cases, `POST /visits` begins, `POST /visits/<id>/look` tells what happened, `GET /visits/<id>/result`
 * shows a cell, `POST /visits/<id>/stop` ends it, `GET /visits/<id>/report.json` and `.html` give the report.
 */
export function createVisitRoutes(options: VisitsOptions): Route[] {
  const entries = new Map<string, Entry>();
  const find = (id = ''): Entry => {
    const entry = entries.get(id);
    if (!entry)
      throw new Refusal(404, 'this server knows no such run: it was started anew since, or has forgotten it');
    return entry;
  };
  return [
    {
      method: 'GET',
      path: '/visits/',
      handle(_request, response, url) {
        const [, , id, part] = url.pathname.split('/');
        if (id === 'cases' && part === undefined)
          return sendJson(response, describeCases(options, url.searchParams.getAll('case')));
        const entry = find(id);
        if (part === 'result') return sendJson(response, showResult(entry, url));
        if (!entry.report) throw new Refusal(409, 'the run is not over yet');
        const name = `truesource-${entry.browser.replace(/[^\w.]+/g, '-')}`;
        if (part === 'report.json')
          return send(response, 'application/json', renderJson(entry.report), `${name}.json`);
        if (part === 'report.html')
          return send(response, 'text/html; charset=utf-8', renderHtml(entry.report));
        throw new Refusal(404, 'no such part of a visit');
      }
    },
    {
      method: 'POST',
      path: '/visits',
      async handle(request, response, url) {
        // Pages of other origins cannot send this type without asking first, and are not answered.
        if (!request.headers['content-type']?.startsWith('application/json'))
          throw new Refusal(415, 'the body must be application/json');
        const [, , id, part] = url.pathname.split('/');
        const body = parseBody<NewVisit & Look>((await buffer(request)).toString());
        if (id === undefined) return sendJson(response, begin(request, url, body));
        const entry = find(id);
        if (part === 'look') return sendJson(response, look(entry, body, request));
        if (part !== 'stop') throw new Refusal(404, 'no such part of a visit');
        entry.isStopped = true;
        entry.stop('the run was stopped');
        sendJson(response, {});
      }
    }
  ];

  function begin(request: IncomingMessage, url: URL, body: Partial<NewVisit>): Visit {
    const userAgent = readUserAgent(request);
    const { name, version } = nameBrowser(userAgent);
    const globs = strings(body.cases);
    const cases = choose(options, globs);
    const wanted = inBrowsers.filter((one) => strings(body.implementations).includes(one));
    if (wanted.length === 0)
      throw new Refusal(400, `no implementation is named; there are ${inBrowsers.join(', ')}`);
    const id = randomBytes(6).toString('hex');
    const entry: Entry = {
      visit: { id, key: createKey() },
      browser: `${name} ${version}`,
      userAgent,
      address: readAddress(request),
      globs,
      cases,
      columns: wanted.map((implementation) => ({ implementation, done: 0, total: 0, state: 'waiting' })),
      cells: [],
      progress: undefined,
      report: undefined,
      frame: null,
      isHidden: false,
      lastSeen: Date.now(),
      isStopped: false,
      stop: () => {},
      interrupt: () => {}
    };
    entries.set(id, entry);
    if (entries.size > visitLimit) {
      const [oldest] = entries.values();
      entries.delete(oldest!.visit.id);
      oldest!.stop('the run was forgotten for newer ones');
    }
    const isHttp2 = request.httpVersionMajor === 2;
    follow(entry, { hostname: url.hostname, isHttp2, name, version, userAgent }).catch((error: unknown) => {
      for (const column of entry.columns) column.note = String(error);
      entry.isStopped = true;
    });
    return entry.visit;
  }

  async function follow(
    entry: Entry,
    browser: { hostname: string; isHttp2: boolean; name: string; version: string; userAgent: string }
  ): Promise<void> {
    const { hostname, isHttp2, name, version, userAgent } = browser;
    const venue = options.venue();
    const origins = venue.server.originsAt(hostname);
    const events = run({
      engines: [createPageEngine(entry, name, version)],
      implementations: entry.columns.map(({ implementation }) => implementation),
      cases: entry.cases,
      expectedFailures: options.expectedFailures,
      dist: options.dist,
      version: options.version,
      standard: options.standard,
      // The first origin is the page's, which needs a connection for itself.
      venue: {
        ...venue,
        origins: [...origins.slice(1), origins[0]!],
        name: `visit-${entry.visit.id}`,
        isHttp2
      },
      host: `a browser${isHttp2 ? ' over HTTP/2' : ''} that says it is ${userAgent || 'nothing'}`
    });
    for await (const event of events) {
      if (event.type === 'cell') entry.cells.push(event.cell);
      else if (event.type === 'progress') entry.progress = event.progress;
      else entry.report = event.report;
    }
  }
}

/** The browser that shows the page, as an engine: the page shows each task in a frame. */
function createPageEngine(entry: Entry, name: string, version: string): Engine {
  let stopped: string | undefined;
  let resolveEnded: (why: string) => void = () => {};
  entry.stop = (why) => {
    stopped = why;
    resolveEnded(why);
  };
  entry.interrupt = (why) => {
    entry.frame = null;
    resolveEnded(why);
  };
  return {
    name,
    implementations: inBrowsers,
    features: () => inPages,
    lanes: manyConnections.includes(name) ? lanes.many : lanes.few,
    isOnePlace: true,
    unsteady: 'a browser in use may have been busy',
    isAsleep() {
      const unseen = Date.now() - entry.lastSeen;
      if (unseen > goneAfter) entry.stop('the page is gone');
      return entry.isHidden || unseen > asleepAfter;
    },
    find: () => Promise.resolve({ version }),
    open(task: Task) {
      if (stopped !== undefined) throw new Error(stopped);
      entry.frame = task.url;
      return {
        ended: new Promise((resolve) => (resolveEnded = resolve)),
        stop() {
          entry.frame = null;
          return Promise.resolve();
        }
      };
    }
  };
}

function look(entry: Entry, body: Partial<Look>, request: IncomingMessage): VisitState {
  const unseen = Date.now() - entry.lastSeen;
  const isHidden = body.hidden === true;
  const replaces =
    body.key !== entry.visit.key &&
    unseen > replacedAfter &&
    !isHidden &&
    !entry.report &&
    readUserAgent(request) === entry.userAgent &&
    readAddress(request) === entry.address;
  if (replaces) entry.visit.key = createKey();
  const isMine = replaces || body.key === entry.visit.key;
  if (isMine) {
    const isReopened = body.isOpened === true && unseen > asleepAfter && !entry.isHidden;
    // The frames of the one that is replaced may still be there.
    if (replaces || isReopened)
      entry.interrupt(`the page gave no sign for ${Math.round(unseen / 1000)} s, and was opened again`);
    entry.isHidden = isHidden;
    entry.lastSeen = Date.now();
  }
  const caseIndex = new Map(entry.cases.map(({ id }, index) => [id, index]));
  const columnIndex = new Map(entry.columns.map(({ implementation }, index) => [implementation, index]));
  const isAsleep = entry.isHidden || Date.now() - entry.lastSeen > asleepAfter;
  for (const column of entry.columns) {
    const now = entry.progress?.columns.find((one) => one.implementation === column.implementation);
    if (now) Object.assign(column, { done: now.done, total: now.total, state: now.state });
    const note = entry.report?.columns.find((one) => one.implementation === column.implementation)?.note;
    if (note !== undefined) column.note = note;
  }
  return {
    browser: entry.browser,
    cases: entry.globs,
    columns: entry.columns,
    results: entry.cells
      .slice(Number(body.from) || 0)
      .map((cell) => [
        caseIndex.get(cell.case)!,
        columnIndex.get(cell.implementation)!,
        outcomeOf(cell),
        cell.unexpected,
        remarksOf(cell)
      ]),
    elapsed: entry.report?.duration ?? entry.progress?.elapsed ?? 0,
    waitingFor: (entry.progress?.waitingFor ?? []).slice(0, 3),
    state: entry.isStopped ? 'stopped' : entry.report ? 'done' : isAsleep ? 'waiting' : 'running',
    frame: entry.frame,
    ...(isMine && { key: entry.visit.key })
  };
}

function createKey(): string {
  return randomBytes(12).toString('hex');
}

function readUserAgent(request: IncomingMessage): string {
  return (request.headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 300);
}

function readAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}

function describeCases(options: VisitsOptions, globs: string[]): Catalogue {
  return {
    cases: choose(options, globs).map(({ id, section, title, level }) => ({ id, section, title, level })),
    total: options.chooseCases().length,
    outcomes: Object.entries(outcomes),
    remarks: Object.entries(remarks)
  };
}

function showResult(entry: Entry, url: URL): ShownResult {
  const testCase = entry.cases[Number(url.searchParams.get('case') ?? NaN)];
  const column = entry.columns[Number(url.searchParams.get('column') ?? NaN)];
  const cell = entry.cells.find(
    (one) => one.case === testCase?.id && one.implementation === column?.implementation
  );
  if (!testCase || !cell) throw new Refusal(404, 'there is no such result yet');
  const [first] = cell.runs;
  const start = first?.requests?.[0]?.at ?? 0;
  const since = (at: number) => Math.round((at - start) * 10) / 10;
  const { events = [], at, ...observed } = first?.observation ?? {};
  const address = clauseUrl(testCase.spec);
  const outcome = outcomeOf(cell);
  return {
    title: testCase.title,
    clause: testCase.spec,
    ...(address !== undefined && { clauseUrl: address }),
    level: testCase.level,
    outcome,
    words: outcomes[outcome].words,
    ...(first?.why !== undefined && { why: first.why }),
    ...(cell.expectedFailure && { reason: cell.expectedFailure.reason }),
    remarks: listRemarks(cell),
    runs: cell.runs.map(({ chunking, verdict, differences }) => ({ chunking, verdict, differences })),
    requests: (first?.requests ?? []).map((request) => ({
      line: `${request.method} ${request.target} HTTP/${request.httpVersion}`,
      origin: request.origin,
      headers: request.headers,
      at: since(request.at),
      writes: request.writes.map((write) => ({ ...write, at: since(write.at) })),
      endedAt: request.endedAt && since(request.endedAt),
      closedAt: request.closedAt && since(request.closedAt)
    })),
    events: events.map((event) => ({ ...event })),
    observed: { ...observed, ...(at !== undefined && { at: Math.round(at * 10) / 10 }) },
    source: JSON.stringify(testCase, null, 2)
  };
}

/** Each once, with the ways to cut the bytes of which it is true. */
function listRemarks({ runs }: Cell): string[] {
  const chunkings = new Map<string, string[]>();
  for (const run of runs)
    for (const text of explainRemarks(run))
      chunkings.set(text, [...(chunkings.get(text) ?? []), run.chunking]);
  return [...chunkings].map(([text, names]) => `${names.join(', ')}: ${text}`);
}

function choose(options: VisitsOptions, globs: string[]): SectionedCase[] {
  try {
    return options.chooseCases(globs.length > 0 ? globs : undefined);
  } catch (error) {
    throw new Refusal(400, (error as Error).message);
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 'application/json', JSON.stringify(value));
}

function send(response: ServerResponse, type: string, text: string, fileName?: string): void {
  response
    .writeHead(200, {
      'Content-Type': type,
      'Cache-Control': 'no-store',
      ...(fileName !== undefined && { 'Content-Disposition': `attachment; filename="${fileName}"` })
    })
    .end(text);
}
