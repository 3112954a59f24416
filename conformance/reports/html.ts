import { deflateRawSync } from 'node:zlib';
import type { Cell, Column, Report } from '../report.ts';
import type { Case } from '../case.ts';
import { clauseUrl } from './clause.ts';
import { pageScript } from './html-page.ts';
import { viewRun, type ViewedRun } from './html-run.ts';
import { style } from './html-style.ts';
import {
  concludeReport,
  countOutcomes,
  countPassed,
  indexCells,
  outcomeOf,
  outcomes,
  placeOf,
  remarks,
  remarksOf,
  totalNames,
  type Outcome,
  type Remark,
  type Totals
} from './outcome.ts';
import { pack } from './pack.ts';

export interface ViewedCell {
  outcome: Outcome;
  remarks: Remark[];
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
  remarks: [remark: Remark, shown: { sign: string; words: string }][];
  totalNames: typeof totalNames;
  /** `place`: the engine, and the worker in it. */
  columns: (Column & { place: string; totals: Totals })[];
  sections: { name: string; cases: number[]; counts: { passed: number; applicable: number }[] }[];
  cases: { case: Case; specUrl?: string | undefined; cells: (ViewedCell | null)[] }[];
  stale: { place: string; implementation: string; case: string; reason: string }[];
}

function viewCell(cell: Cell): ViewedCell {
  return {
    outcome: outcomeOf(cell),
    remarks: remarksOf(cell),
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
    remarks: Object.entries(remarks) as View['remarks'],
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

/** Compressed, since the times of some ten thousand requests are nothing that a table of strings could shorten. ASCII, for `inflate`. */
function embed(view: View): string {
  const json = JSON.stringify(pack(view)).replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
  return deflateRawSync(json, { level: 9 }).toString('base64');
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
<p id="undrawn">This report is drawn by its own script. If nothing else comes, the browser forbids scripts, or is older than 2022: open it in another, or read report.json.</p>
<script type="text/plain" id="report">${embed(viewReport(report))}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}
