import type { Cell, Column, Report } from '../report.ts';
import { describeEvidence } from './evidence.ts';
import { columnKey, indexCells, placeOf } from './outcome.ts';
import { escape, link, renderMarkdown } from './markdown.ts';

/** What is thought of a deviation, or of several with one cause. */
export interface Judgement {
  title: string;
  engines: string[];
  /** Case ids. */
  cases: string[];
  /** What the standard says and what the engines do. */
  judgement: string;
  /** Addresses of reports and discussions. */
  bugs?: string[];
  /** Whether somebody will notice. */
  matters: string;
}

/** The engines whose native EventSource is judged. */
export const judgedEngines = ['chromium', 'firefox', 'webkitgtk', 'node', 'deno'];

const shownDifferences = 2;
const shownLength = 140;

/** The cells in which a judged engine's own EventSource did not do what the case expects, in the order of cases and engines. */
export function findDeviations(report: Report): Cell[] {
  const find = indexCells(report);
  return report.cases.flatMap(({ id }) =>
    judgedEngines.flatMap((engine) => {
      const cell = find(id, { engine, implementation: 'native' });
      return cell && ['fail', 'differs', 'not observed'].includes(cell.verdict) ? [cell] : [];
    })
  );
}

/** A line for each deviation without a judgement, and for each part of a judgement without a deviation. */
export function checkJudgements(
  deviations: Pick<Cell, 'case' | 'engine'>[],
  judgements: Judgement[]
): string[] {
  const covers = ({ engines, cases }: Judgement, one: Pick<Cell, 'case' | 'engine'>) =>
    engines.includes(one.engine) && cases.includes(one.case);
  const missing = deviations.flatMap((one) => {
    const count = judgements.filter((judgement) => covers(judgement, one)).length;
    return count === 1 ? [] : [`${one.engine} ${one.case}: ${count === 0 ? 'not judged' : 'judged twice'}`];
  });
  const stale = judgements.flatMap((judgement) => {
    const covered = deviations.filter((one) => covers(judgement, one));
    return [
      ...judgement.cases.filter((id) => !covered.some((one) => one.case === id)),
      ...judgement.engines.filter((engine) => !covered.some((one) => one.engine === engine))
    ].map((name) => `${JSON.stringify(judgement.title)} names ${name}, which does not deviate`);
  });
  return [...missing, ...stale];
}

/** A row per judged engine. */
export function renderNatives(report: Report): string {
  return renderColumns(
    report,
    (column) => column.implementation === 'native' && judgedEngines.includes(placeOf(column))
  );
}

/** A row per engine and package. */
export function renderPackages(report: Report): string {
  return renderColumns(report, ({ implementationVersion }) => implementationVersion !== undefined);
}

/** The judgements, each with the evidence of its cases. */
export function renderDeviations(report: Report, judgements: Judgement[]): string {
  const deviations = findDeviations(report);
  const lines: string[] = [];
  for (const { title, engines, cases, judgement, bugs = [], matters } of judgements) {
    lines.push(`### ${escape(title)}`, '', `${escape(engines.join(', '))}. ${escape(judgement)}`, '');
    lines.push(`Does it matter? ${escape(matters)}`, '');
    if (bugs.length > 0) lines.push(`See ${bugs.map((url) => `<${url}>`).join(', ')}.`, '');
    for (const id of cases) {
      const testCase = report.cases.find((each) => each.id === id);
      if (!testCase) continue;
      lines.push(
        `- **${escape(id)}** (${testCase.level}, ${link(testCase.spec)}): ${escape(testCase.title)}`,
        `  - sent: ${describeSent(testCase)}`
      );
      const cells = deviations.filter((cell) => cell.case === id && engines.includes(cell.engine));
      for (const cell of cells) lines.push(`  - ${describeCell(cell)}`);
      const evidence = fence(nameWhatVaries(describeEvidence(testCase, cells, report).join('\n')));
      lines.push(
        '',
        '  <details><summary>Responses, client, expected, observed</summary>',
        '',
        ...evidence.map((line) => `  ${line}`.trimEnd()),
        '',
        '  </details>',
        ''
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

function renderColumns(report: Report, isWanted: (column: Column) => boolean): string {
  const columns = report.columns.filter(isWanted);
  const keys = new Set(columns.map(columnKey));
  return renderMarkdown({
    ...report,
    columns,
    cells: report.cells.filter((cell) => keys.has(columnKey(cell)))
  });
}

function describeCell({ engine, runs }: Cell): string {
  const run = runs[0]!;
  const failing = runs.filter(({ verdict }) => verdict === run.verdict).map(({ chunking }) => chunking);
  const where = failing.length < runs.length ? ` in ${failing.sort().join(', ')}` : '';
  const differences = run.differences
    .slice(0, shownDifferences)
    .map(
      ({ what, expected, observed }) => `${code(what)} expected ${code(expected)}, observed ${code(observed)}`
    );
  const more = run.differences.length - differences.length;
  return `${escape(engine + where)}: ${differences.join('; ') || `no answer: ${escape(run.why ?? '')}`}${more > 0 ? `; and ${more} more` : ''}`;
}

/** What a case has its server send, as an entry of NATIVES.md begins with it. */
export function describeSent({ connections }: Pick<Report['cases'][number], 'connections'>): string {
  const sent = connections
    .map(({ headers, stream = [], end }) =>
      [
        ...(headers && 'Content-Type' in headers ? [`Content-Type: ${String(headers['Content-Type'])}`] : []),
        ...stream.map((item) => JSON.stringify(item)),
        ...(end ? [end] : [])
      ].join(' ')
    )
    .join(' / ');
  return code(sent);
}

/** What differs from run to run has a name. What cannot be seen, but for line ends, is an escape. */
function nameWhatVaries(text: string): string {
  return text
    .replace(/https?:\/\/127\.0\.0\.1:\d+/g, '{origin}')
    .replace(/127\.0\.0\.1:\d+/g, '{host}')
    .replace(/\/(sse|run)\/[\w-]+\//g, '/$1/{token}/')
    .replace(
      /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`
    );
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

function fence(text: string): string[] {
  const ticks = '`'.repeat(Math.max(2, longestRun(text)) + 1);
  return [`${ticks}text`, ...text.split('\n'), ticks];
}

function code(text: string): string {
  const named = nameWhatVaries(text).replaceAll('\n', '\\u000a');
  const shown = named.length > shownLength ? `${named.slice(0, shownLength)}…` : named;
  const ticks = '`'.repeat(longestRun(shown) + 1);
  const pad = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return shown === '' ? '—' : `${ticks}${pad}${shown}${pad}${ticks}`;
}
