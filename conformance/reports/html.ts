import { embedJson } from '../embed-json.ts';
import type { Cell, Column, Difference, Report, Run } from '../report.ts';
import type { Case } from '../case.ts';
import type { Observation, ObservedEvent } from '../observation.ts';
import { clauseUrl } from './clause.ts';
import { page } from './html-page.ts';
import { style } from './html-style.ts';
import {
  concludeReport,
  countOutcomes,
  countPassed,
  indexCells,
  outcomeOf,
  outcomes,
  placeOf,
  totalNames,
  type Outcome,
  type Totals
} from './outcome.ts';
import { pack } from './pack.ts';

export interface ViewedRequest {
  method: string;
  target: string;
  httpVersion: string;
  origin: string;
  connection: number | null;
  /** `length` only where the bytes were cut. */
  writes: { bytes: string; length?: number }[];
}

/**
 * A run, split so that what is the same in many runs is the same object, which `pack` writes once: the names that each run has of its own are
 * taken out of its texts, and its times out of its events and requests.
 */
export interface ViewedRun {
  chunking: string;
  verdict: string;
  differences: Difference[];
  why?: string | undefined;
  flaky?: Run['flaky'];
  observation?: (Omit<Observation, 'at' | 'events'> & { events: Omit<ObservedEvent, 'at'>[] }) | undefined;
  requests?: ViewedRequest[] | undefined;
  /** Of each request. */
  headers?: [name: string, value: string][][] | undefined;
  /** Hosts of the server; the n-th, from 0, stands where the texts have the character U+E001 + n. U+E000 stands for the path of the play. */
  hosts: string[];
  /**
   * Tenths of a ms as base 36, each from the one before, those that there are not as a dash: when the case was over and when each event came, from
   * construction; then from the arrival of the first request, of each: when it arrived, each write, its end, its close.
   */
  times: string;
}

export interface ViewedCell {
  outcome: Outcome;
  unexpected: boolean;
  expectedFailure?: { reason: string; clause: string; clauseUrl?: string | undefined } | undefined;
  runs: ViewedRun[];
}

/** What the page gets: the report, ready to be shown. */
export interface View {
  truesource: string;
  standard: string;
  startedAt: string;
  duration: number;
  host: string;
  conclusion: ReturnType<typeof concludeReport>;
  outcomes: [outcome: Outcome, shown: { sign: string; words: string }][];
  totalNames: typeof totalNames;
  /** `place`: the engine, and the worker in it. */
  columns: (Column & { place: string; totals: Totals })[];
  sections: { name: string; cases: number[]; counts: { passed: number; applicable: number }[] }[];
  cases: { case: Case; specUrl?: string | undefined; cells: (ViewedCell | null)[] }[];
  stale: { place: string; implementation: string; case: string; reason: string }[];
}

const firstMark = 0xe000;
/** Bytes of a write that the page keeps; report.json has more. */
const bytesShown = 4096;

function viewRun(run: Run): ViewedRun {
  const { observation, requests } = run;
  const start = requests?.[0]?.at ?? 0;
  const { chunking, verdict, flaky } = run;
  const view = {
    differences: run.differences,
    why: run.why,
    observation: observation && {
      ...observation,
      at: undefined,
      events: observation.events.map((event) => ({ ...event, at: undefined }))
    },
    requests: requests?.map(({ method, target, httpVersion, origin, connection, writes }) => ({
      method,
      target,
      httpVersion,
      origin,
      connection,
      writes: writes.map(({ bytes, length }) =>
        length === bytes.length && length <= bytesShown
          ? { bytes }
          : { bytes: bytes.slice(0, bytesShown), length }
      )
    })),
    headers: requests?.map(({ headers }) => headers)
  };
  const times = [
    ...encodeTimes(observation ? [observation.at, ...observation.events.map(({ at }) => at)] : []),
    ...encodeTimes(
      (requests ?? [])
        .flatMap(({ at, writes, endedAt, closedAt }) => [
          at,
          ...writes.map((write) => write.at),
          endedAt,
          closedAt
        ])
        .map((at) => (at === null ? null : at - start))
    )
  ].join(' ');
  return { chunking, verdict, flaky, ...takeNamesOut(view, requests?.[0]), times };
}

function encodeTimes(times: (number | null)[]): string[] {
  let before = 0;
  return times.map((time) => {
    if (time === null) return '-';
    const tenths = Math.round(time * 10);
    const text = (tenths - before).toString(36);
    before = tenths;
    return text;
  });
}

/** Texts that have a mark already are left as they are. */
function takeNamesOut<Value>(
  value: Value,
  request: { play: string; token: string } | undefined
): Value & { hosts: string[] } {
  const text = JSON.stringify(value);
  if (!request || /[\ue000-\ue009]/.test(text)) return { ...value, hosts: [] };
  const hosts = [...new Set(text.match(/127\.0\.0\.1:\d+/g))].slice(0, 8);
  const names = [`${request.token}/${request.play}`, ...hosts];
  const replace = (item: unknown): unknown => {
    if (typeof item === 'string') {
      return names.reduce(
        (result, name, n) => result.replaceAll(name, String.fromCharCode(firstMark + n)),
        item
      );
    }
    if (Array.isArray(item)) return item.map(replace);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, each]) => [key, replace(each)]));
  };
  return { ...(replace(value) as Value), hosts };
}

function viewCell(cell: Cell): ViewedCell {
  return {
    outcome: outcomeOf(cell),
    unexpected: cell.unexpected,
    expectedFailure: cell.expectedFailure && {
      ...cell.expectedFailure,
      clauseUrl: clauseUrl(cell.expectedFailure.clause)
    },
    runs: cell.runs.map(viewRun)
  };
}

function viewReport(report: Report): View {
  const find = indexCells(report);
  const cellsOf = (column: Column, cases: Report['cases']) => cases.flatMap((c) => find(c.id, column) ?? []);
  return {
    truesource: report.truesource,
    standard: report.standard,
    startedAt: report.startedAt,
    duration: report.duration,
    host: report.host,
    conclusion: concludeReport(report),
    outcomes: Object.entries(outcomes) as View['outcomes'],
    totalNames,
    columns: report.columns.map((column) => ({
      ...column,
      place: placeOf(column),
      totals: countOutcomes(cellsOf(column, report.cases))
    })),
    sections: [...new Set(report.cases.map((c) => c.section))].map((name) => {
      const cases = report.cases.filter((c) => c.section === name);
      return {
        name,
        cases: cases.map((c) => report.cases.indexOf(c)),
        counts: report.columns.map((column) => countPassed(cellsOf(column, cases)))
      };
    }),
    cases: report.cases.map((each) => ({
      case: each,
      specUrl: clauseUrl(each.spec),
      cells: report.columns.map((column) => {
        const cell = find(each.id, column);
        return cell ? viewCell(cell) : null;
      })
    })),
    stale: report.stale.map((line) => ({
      place: placeOf(line),
      implementation: line.implementation,
      case: line.case,
      reason: line.reason
    }))
  };
}

/**
 * The report as one page without any reference to a network: the matrix, and for each cell the case, the bytes, the
 * requests, expected beside observed. `#case-id` and `#case-id/engine/implementation` (each part
 * URI-encoded; a worker stands behind its engine) open
 * at that place.
 */
export function renderHtml(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>truesource: conformance of EventSource</title>
<style>${style}</style>
</head>
<body>
<noscript>This report is drawn by its own script: please allow JavaScript for it, or read report.json.</noscript>
<script type="application/json" id="report">${embedJson(pack(viewReport(report)))}</script>
<script>(${page.toString()})();</script>
</body>
</html>
`;
}
