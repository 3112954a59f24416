import type { Cell, Report } from '../report.ts';
import { clauseUrl } from './clause.ts';
import { describeExchange } from './exchange.ts';
import { explainRemarks, indexCells, outcomes, placeOf } from './outcome.ts';
import { plain } from './terminal.ts';

interface Result {
  element: 'failure' | 'error' | 'skipped';
  message: string;
  type: string;
  text: string;
}

/** Attribute that counts the elements. */
const counters = { failure: 'failures', error: 'errors', skipped: 'skipped' } as const;

function escape(text: string): string {
  return plain(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/**
 * A test suite per column, a test case per cell. A failing must fails, and so does what was not expected; expected failures, what the engine lacks
 * and points in which the standard leaves freedom are skipped with their reason, what was not observed is an error.
 */
export function renderJunit(report: Report): string {
  const find = indexCells(report);
  const all = { tests: 0, failures: 0, errors: 0 };
  const suites = report.columns.flatMap((column) => {
    const counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };
    const name = `${placeOf(column)}.${column.implementation}`;
    const cases = report.cases.flatMap((each) => {
      const cell = find(each.id, column);
      if (!cell) return [];
      const result = describe(cell, each);
      counts.tests++;
      if (result) counts[counters[result.element]]++;
      const time = seconds(cell.runs[0]?.observation?.at ?? 0);
      const opening = `<testcase classname="${escape(`${name}.${each.section}`)}" name="${escape(each.id)}" time="${time}"`;
      if (!result) return `${opening}/>`;
      const { element, message, type, text } = result;
      return `${opening}><${element} message="${escape(message)}" type="${escape(type)}">${text.split('\n').map(escape).join('\n')}</${element}></testcase>`;
    });
    for (const key of ['tests', 'failures', 'errors'] as const) all[key] += counts[key];
    const note = [column.status === 'ran' ? '' : column.status, column.note ?? ''].filter(Boolean).join(': ');
    return [
      `<testsuite name="${escape(column.version ? `${name} (${column.version})` : name)}" ${attributes(counts)} time="${seconds(column.duration ?? 0)}" timestamp="${escape(report.startedAt)}">`,
      ...cases,
      ...(note ? [`<system-out>${escape(note)}</system-out>`] : []),
      '</testsuite>'
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes(all)} time="${seconds(report.duration)}">`,
    ...suites,
    '</testsuites>',
    ''
  ].join('\n');
}

function describe(cell: Cell, each: Report['cases'][number]): Result | undefined {
  const { level, spec, title } = each;
  const run = cell.runs[0]!;
  const differing = cell.runs.find(({ differences }) => differences.length > 0);
  const text = [
    title,
    clauseUrl(spec) ?? spec,
    ...cell.runs.flatMap(({ chunking, differences, why, ...run }) => [
      ...differences.map(
        ({ what, expected, observed }) => `${chunking}: ${what}: expected ${expected}, observed ${observed}`
      ),
      ...explainRemarks(run).map((text) => `${chunking}: ${text}`),
      ...(differences.length === 0 && why !== undefined ? [`${chunking}: ${why}`] : [])
    ]),
    ...(differing ? describeExchange(each, differing) : [])
  ].join('\n');
  const difference = run.differences[0];
  const message = difference
    ? `${difference.what}: expected ${difference.expected}, observed ${difference.observed}`
    : (run.why ?? title);
  const { verdict, expectedFailure } = cell;
  const explanations = cell.runs
    .filter((one) => one.verdict === 'fail' || one.verdict === 'not observed')
    .map(({ flaky }) => flaky?.explanation);
  const isExplained = explanations.every((one) => one !== undefined);
  if (verdict === 'not observed' && !isExplained) return { element: 'error', message, type: verdict, text };
  if (verdict === 'unsupported') return { element: 'skipped', message, type: verdict, text };
  if (expectedFailure) {
    return { element: 'skipped', message: expectedFailure.reason, type: 'expected failure', text };
  }
  if (cell.runs.some(({ flaky }) => flaky && flaky.explanation === undefined)) {
    return { element: 'failure', message, type: 'flaky', text };
  }
  const [explanation] = explanations;
  if (isExplained && explanation !== undefined) {
    return { element: 'skipped', message: explanation, type: 'flaky', text };
  }
  if (cell.unexpected && verdict !== 'fail') {
    const type = 'unexpected pass';
    return { element: 'failure', message: outcomes[type].words, type, text };
  }
  if (verdict === 'pass' || verdict === 'allowed') return undefined;
  return level === 'must' || cell.unexpected
    ? { element: 'failure', message, type: verdict, text }
    : { element: 'skipped', message, type: `differs from what is a ${level}`, text };
}

function attributes(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}="${count}"`)
    .join(' ');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
