import { embedJson } from '../embed-json.ts';
import type { Cell, Column, Difference, Report, Run } from '../report.ts';
import type { Case } from '../case.ts';
import type { Observation } from '../observation.ts';
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
  type Outcome,
  type Totals
} from './outcome.ts';
import { pack } from './pack.ts';

/** Times in ms since the first request arrived. */
export interface ViewedRequest {
  method: string;
  target: string;
  httpVersion: string;
  headers: [name: string, value: string][];
  origin: string;
  at: number;
  connection: number | null;
  /** `length` only where the bytes were cut. */
  writes: { at: number; bytes: string; length?: number }[];
  endedAt: number | null;
  closedAt: number | null;
}

export interface ViewedRun {
  chunking: string;
  verdict: string;
  differences: Difference[];
  why?: string | undefined;
  observation?: Observation | undefined;
  requests?: ViewedRequest[] | undefined;
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
  conclusion: string;
  outcomes: [outcome: Outcome, words: string][];
  columns: (Column & { totals: Totals })[];
  sections: { name: string; cases: number[]; counts: { passed: number; applicable: number }[] }[];
  cases: { case: Case; specUrl?: string | undefined; cells: (ViewedCell | null)[] }[];
  stale: Report['stale'];
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function viewRun(run: Run): ViewedRun {
  const start = run.requests?.[0]?.at ?? 0;
  const since = (at: number | null) => (at === null ? null : round(at - start));
  return {
    chunking: run.chunking,
    verdict: run.verdict,
    differences: run.differences,
    why: run.why,
    observation: run.observation && {
      ...run.observation,
      at: round(run.observation.at),
      events: run.observation.events.map((event) => ({ ...event, at: round(event.at) }))
    },
    requests: run.requests?.map((request) => ({
      method: request.method,
      target: request.target,
      httpVersion: request.httpVersion,
      headers: request.headers,
      origin: request.origin,
      at: round(request.at - start),
      connection: request.connection,
      writes: request.writes.map(({ at, bytes, length }) =>
        length === bytes.length ? { at: round(at - start), bytes } : { at: round(at - start), bytes, length }
      ),
      endedAt: since(request.endedAt),
      closedAt: since(request.closedAt)
    }))
  };
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
    columns: report.columns.map((column) => ({
      ...column,
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
    stale: report.stale
  };
}

/**
 * The report as one page without any reference to a network: the matrix, and for each cell the case, the bytes, the
 * requests, expected beside observed. `#case-id` and `#case-id/engine/implementation` (each part URI-encoded) open
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
