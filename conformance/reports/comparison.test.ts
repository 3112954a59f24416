import { describe, expect, it } from 'vitest';
import type { Report, Run } from '../report.ts';
import { compareReports, isChanged, readReport, renderComparison } from './comparison.ts';
import { renderJson } from './json.ts';
import { hostile, sampleReport } from './sample-report.ts';

const compare = (change: (report: Report) => void) => {
  const after = sampleReport();
  change(after);
  return compareReports(sampleReport(), after);
};
const cellOf = (report: Report, id: string) =>
  report.cells.find(
    (cell) => cell.case === id && cell.engine === 'chromium' && cell.implementation === 'native'
  )!;

describe('compareReports', () => {
  it('finds nothing between equal runs, whenever they were and in whatever order', () => {
    const comparison = compare((report) => {
      report.startedAt = '2027-01-01T00:00:00Z';
      report.cells.reverse();
      for (const { runs } of report.cells) runs.forEach((run) => delete run.observation);
    });
    expect(isChanged(comparison)).toBe(false);
    expect(renderComparison(comparison, ['a', 'b'])).toBe('No cell changed from a to b.\n');
  });

  it('does not care which chunking was done first', () => {
    const report = (chunkings: string[]) => {
      const made = sampleReport();
      const cell = cellOf(made, 'sample-case-0');
      const [run] = cell.runs;
      cell.verdict = 'fail';
      cell.runs = [
        ...chunkings.map((chunking) => ({ ...run!, chunking, verdict: 'fail' as const })),
        { ...run!, chunking: 'whole' }
      ];
      return made;
    };
    expect(compareReports(report(['a', 'b']), report(['b', 'a'])).cells).toEqual([]);
  });

  it('names what changed in another chunking than the worst, and what became flaky or leaks', () => {
    const report = (others: Partial<Run>) => {
      const one = sampleReport({ cases: 1, columns: 1 });
      const [cell] = one.cells;
      const [run] = cell!.runs;
      cell!.verdict = 'fail';
      cell!.runs = [
        { ...run!, chunking: 'whole', verdict: 'fail' },
        { ...run!, chunking: 'one-byte', verdict: 'pass', ...others }
      ];
      return one;
    };
    const changed = (others: Partial<Run>) =>
      compareReports(report({}), report(others)).cells.map(({ before, after }) => [before, after]);
    const before = 'fail (whole)';
    expect(changed({ reruns: ['it was late'] })).toEqual([]);
    expect(changed({ verdict: 'not observed' })).toEqual([[before, `${before}, not observed (one-byte)`]]);
    expect(changed({ leak: 'open' })).toEqual([[before, `${before}, leak`]]);
    expect(changed({ flaky: { seen: ['pass', 'allowed'] } })).toEqual([[before, `${before}, flaky`]]);
  });

  it('names cells whose verdict changed, in all chunkings or some', () => {
    const comparison = compare((report) => {
      const [run] = cellOf(report, 'sample-case-0').runs;
      cellOf(report, 'sample-case-0').verdict = 'fail';
      cellOf(report, 'sample-case-0').runs = [
        { ...run!, chunking: 'one-byte', verdict: 'fail' },
        { ...run!, chunking: 'whole' }
      ];
      report.cases.find(({ id }) => id === 'sample-case-0')!.title = 'Another';
      cellOf(report, 'sample-case-3').verdict = 'pass';
      for (const each of cellOf(report, 'sample-case-3').runs) each.verdict = 'pass';
    });
    const where = { engine: 'chromium', implementation: 'native' };
    expect(comparison.cells).toMatchObject([
      { case: 'sample-case-0', ...where, before: 'pass', after: 'fail (one-byte)', caseChanged: true },
      { case: 'sample-case-3', ...where, before: 'fail', after: 'pass', caseChanged: false }
    ]);
    expect(isChanged(comparison)).toBe(true);
    expect(renderComparison(comparison, ['a', 'b'])).toContain(
      'chromium/native (2):\n  sample-case-0: pass -> fail (one-byte) (the case was changed)\n  sample-case-3: fail -> pass\n'
    );
  });

  it('names new and removed cases and columns, and other versions', () => {
    const comparison = compare((report) => {
      report.cases[1]!.id = 'new-case';
      report.columns[0]!.version = hostile;
      report.columns[1]!.status = 'broken';
      report.columns[2]!.engine = 'new-engine';
    });
    expect(comparison).toMatchObject({
      newCases: ['new-case'],
      removedCases: ['sample-case-1'],
      newColumns: ['new-engine/truesource-xhr'],
      removedColumns: ['chromium/truesource-xhr'],
      columns: [
        { column: 'chromium/native' },
        { column: 'chromium/truesource-fetch', after: '141.0.1 broken' }
      ],
      cells: []
    });
    // eslint-disable-next-line no-control-regex
    expect(renderComparison(comparison, ['a', 'b'])).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]/);
  });

  it('takes another version alone for no change', () => {
    expect(isChanged(compare((report) => void (report.columns[0]!.version = '999')))).toBe(false);
    expect(isChanged(compare((report) => void (report.columns[0]!.status = 'broken')))).toBe(true);
  });
});

describe('readReport', () => {
  it('reads what was written', () => {
    expect(readReport(renderJson(sampleReport())).cells).toHaveLength(24 * 6);
  });
  it.each([
    ['{', /^is not JSON: /],
    ['null', /^is no JSON report/],
    ['[]', /^is no JSON report/],
    ['{"columns": []}', /^is no JSON report/],
    ['{"schema": 2}', /schema 2; this truesource reads schema 1/],
    ['{"schema": 1}', /^has no columns$/],
    ['{"schema": 1, "columns": [{"engine": 1}]}', /columns\[0\]/],
    ['{"schema": 1, "columns": [{"engine":"a","implementation":"b","status":"run"}]}', /columns\[0\]/],
    [
      '{"schema": 1, "columns": [], "cases": [], "cells": [{"case":"a","engine":"b","implementation":"c","verdict":"fail","runs":[]}]}',
      /cells\[0\]/
    ]
  ])('refuses %s', (text, message) => {
    expect(() => readReport(text)).toThrow(message);
  });
});
