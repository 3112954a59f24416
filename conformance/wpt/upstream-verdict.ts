import { isOurs } from '../expected-failures.ts';
import type { UpstreamColumn, UpstreamResult } from './upstream.ts';

/** A line of upstream-expected-failures.json: upstream tests that an implementation is known to fail. */
export interface ExpectedUpstreamFailure {
  /** Default: every engine. */
  engines?: string[];
  implementations: string[];
  /** Names of tests by file; the empty name is the file itself. */
  tests: Record<string, string[]>;
  reason: string;
  /** Where the reason is laid down. */
  link: string;
}

export interface UpstreamFailure extends UpstreamResult {
  engine: string;
  implementation: string;
  /** Of the line that lists it. */
  reason?: string;
  /** Whether it fails the run. */
  unexpected: boolean;
}

export interface UpstreamReport {
  columns: (Omit<UpstreamColumn, 'results'> & {
    upstream: { passed: number; total: number };
    webIdl: { passed: number; total: number };
  })[];
  failures: UpstreamFailure[];
  /** Entries of lines, by column, that did not fail. */
  stale: {
    engine: string;
    implementation: string;
    file: string;
    subtest: string;
    why: 'passed' | 'not there';
  }[];
  /** Files of lines that this checkout has not: it is older than they are, or younger. */
  absent: string[];
}

/**
 * Compares results with the list.
 *
 * @param files The checkout's.
 * @param isWhole false if only some tests were run: then an entry without a result is not stale.
 */
export function judgeUpstream(
  columns: UpstreamColumn[],
  list: ExpectedUpstreamFailure[],
  files: string[],
  isWhole: boolean
): UpstreamReport {
  const listed = new Set(list.flatMap(({ tests }) => Object.keys(tests)));
  const absent = [...listed].filter((file) => !files.includes(file));
  const report: UpstreamReport = { columns: [], failures: [], stale: [], absent };
  for (const { results, ...column } of columns) {
    const { engine, implementation } = column;
    const lines = list.filter(
      (line) => line.implementations.includes(implementation) && (line.engines?.includes(engine) ?? true)
    );
    const passed = results.filter(({ status }) => status === 'pass');
    const count = (of: UpstreamResult[], isIdl: boolean) =>
      of.filter(({ file, subtest }) => subtest !== null && file.startsWith('idlharness.') === isIdl).length;
    report.columns.push({
      ...column,
      upstream: { passed: count(passed, false), total: count(results, false) },
      webIdl: { passed: count(passed, true), total: count(results, true) }
    });
    for (const result of results) {
      if (result.status === 'pass') continue;
      const line = lines.find(({ tests }) => tests[result.file]?.includes(result.subtest ?? ''));
      report.failures.push({
        engine,
        implementation,
        ...result,
        ...(line && { reason: line.reason }),
        unexpected: isOurs(implementation) && !line
      });
    }
    if (column.status !== 'ran') continue;
    for (const { tests } of lines) {
      for (const [file, subtest] of Object.entries(tests).flatMap(([file, all]) =>
        all.map((one) => [file, one] as const)
      )) {
        const result = results.find((one) => one.file === file && (one.subtest ?? '') === subtest);
        const why = result
          ? result.status === 'pass'
            ? 'passed'
            : undefined
          : isWhole && !absent.includes(file)
            ? 'not there'
            : undefined;
        if (why) report.stale.push({ engine, implementation, file, subtest, why });
      }
    }
  }
  return report;
}

/** Whether the run failed: an unexpected or missing result of ours, or a stale line. */
export function isUnexpected({ columns, failures, stale }: UpstreamReport): boolean {
  return (
    stale.length > 0 ||
    failures.some(({ unexpected }) => unexpected) ||
    columns.some(({ implementation, status }) => isOurs(implementation) && status === 'broken')
  );
}

/** A table of the columns, then what failed: the unexpected with messages, the expected by reason, natives' by name. */
export function renderUpstream({ columns, failures, stale, absent }: UpstreamReport): string {
  const rows = columns.map(({ engine, version, implementation, status, upstream, webIdl, time, note }) => [
    `${engine} ${version}`.trim(),
    implementation,
    ...(status === 'missing'
      ? ['', '', '']
      : [
          `${upstream.passed}/${upstream.total}`,
          `${webIdl.passed}/${webIdl.total}`,
          `${(time / 1000).toFixed(1)} s`
        ]),
    status === 'ran' ? '' : `${status}: ${note}`
  ]);
  const table = [['engine', 'EventSource', 'upstream', 'Web IDL', 'time', ''], ...rows];
  const widths = table[0]!.map((_, index) => Math.max(...table.map((row) => row[index]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, index) =>
        index > 1 && index < 5 ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
      )
      .join('  ')
      .trimEnd()
  );
  const place = ({ file, subtest }: { file: string; subtest: string | null }) =>
    `${file}: ${subtest || '(the file)'}`;

  for (const { engine, implementation } of columns) {
    const own = failures.filter((one) => one.engine === engine && one.implementation === implementation);
    if (own.length > 0) lines.push('', `${engine} ${implementation} fails`);
    for (const failure of own) {
      const about = failure.unexpected ? 'UNEXPECTED ' : '';
      const after = failure.reason ?? failure.message.split('\n')[0];
      lines.push(`  ${about}${place(failure)} (${failure.status}${after ? `: ${after}` : ''})`);
    }
  }
  if (stale.length > 0) lines.push('', 'STALE lines of upstream-expected-failures.json');
  for (const one of stale) lines.push(`  ${one.engine} ${one.implementation} ${place(one)} (${one.why})`);
  if (absent.length > 0)
    lines.push('', 'Not in this checkout, though upstream-expected-failures.json has them');
  for (const file of absent) lines.push(`  ${file}`);
  return `${lines.join('\n')}\n`;
}
