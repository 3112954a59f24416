import { describe, expect, it } from 'vitest';
import type { ExpectedFailure } from './expected-failures.ts';
import type { Observation } from './observation.ts';
import { combineReports } from './repeats.ts';
import type { Report, Run, Verdict } from './report.ts';

const implementation = 'truesource-fetch';

const observe = (verdict: Verdict): Observation => ({
  events: [],
  log: [verdict],
  readyState: 1,
  over: 'until',
  at: 1
});

/** A report with one case `a` in one engine, a verdict per chunking. */
function createReport(verdicts: Record<string, Verdict>, more: Partial<Run> = {}): Report {
  const runs = Object.entries(verdicts).map(([chunking, verdict], index) => ({
    chunking,
    verdict,
    differences: [],
    ...(index === 0 && { observation: observe(verdict) }),
    ...more
  }));
  return {
    schema: 1,
    truesource: '0',
    standard: '',
    startedAt: '',
    duration: 10,
    host: '',
    columns: [{ engine: 'fake', implementation, status: 'ran', duration: 7 }],
    cases: [{ id: 'a', section: 'fields', title: '', spec: '', level: 'must', connections: [], expect: {} }],
    cells: [
      { case: 'a', engine: 'fake', implementation, verdict: runs[0]!.verdict, unexpected: false, runs }
    ],
    stale: []
  };
}
const combine = (reports: Report[], list: ExpectedFailure[] = [], unsteady?: string) =>
  combineReports(reports, list, [{ name: 'fake', ...(unsteady !== undefined && { unsteady }) }]);
const line: ExpectedFailure = { cases: ['a'], implementations: [implementation], reason: 'r', clause: 'c' };

describe('combineReports', () => {
  it('finds nothing flaky where all were the same', () => {
    const report = combine([createReport({ whole: 'pass' }), createReport({ whole: 'pass' })]);
    expect(report.cells).toMatchObject([{ verdict: 'pass', unexpected: false }]);
    expect(report.cells[0]!.runs[0]).not.toHaveProperty('flaky');
    expect(report).toMatchObject({ repeats: 2, duration: 20, columns: [{ duration: 7 }] });
  });

  it('keeps the worst of each chunking with its evidence, and names every verdict', () => {
    const { cells } = combine([
      createReport({ whole: 'pass', bytes: 'pass' }),
      createReport({ bytes: 'fail', whole: 'pass' }),
      createReport({ whole: 'pass', bytes: 'pass' })
    ]);
    expect(cells).toMatchObject([
      {
        verdict: 'fail',
        unexpected: true,
        runs: [
          {
            chunking: 'bytes',
            verdict: 'fail',
            observation: { log: ['fail'] },
            flaky: { seen: ['pass', 'fail', 'pass'] }
          },
          { chunking: 'whole', verdict: 'pass' }
        ]
      }
    ]);
    expect(cells[0]!.runs[0]!.flaky).not.toHaveProperty('explanation');
    expect(cells[0]!.runs[1]).not.toHaveProperty('flaky');
  });

  it('takes a listed failure that passed once for unexplained, unless its line varies', () => {
    const reports = () => [createReport({ whole: 'fail' }), createReport({ whole: 'pass' })];
    expect(combine(reports(), [line])).toMatchObject({
      cells: [{ expectedFailure: { reason: 'r' }, unexpected: true }],
      stale: []
    });
    expect(combine(reports(), [{ ...line, varies: true }]).cells).toMatchObject([
      { unexpected: false, runs: [{ flaky: { seen: ['fail', 'pass'], explanation: 'r' } }] }
    ]);
  });

  it('takes an answer that the standard allows for an explanation', () => {
    const { cells } = combine([
      createReport({ whole: 'pass' }),
      createReport({ whole: 'allowed' }, { why: 'It may.' })
    ]);
    expect(cells).toMatchObject([
      {
        verdict: 'allowed',
        unexpected: false,
        runs: [{ flaky: { seen: ['pass', 'allowed'], explanation: 'It may.' } }]
      }
    ]);
  });

  it('takes it for an explanation that the standard is silent', () => {
    const { cells } = combine([createReport({ whole: 'pass' }), createReport({ whole: 'differs' })]);
    expect(cells).toMatchObject([
      {
        verdict: 'differs',
        unexpected: false,
        runs: [{ flaky: { explanation: 'the standard is silent there' } }]
      }
    ]);
  });

  it('says what explains it in an unsteady engine, and counts what was run again there', () => {
    const again = { flaky: { seen: ['fail', 'pass'] as Verdict[], explanation: 'shaky' } };
    const reports = [createReport({ whole: 'pass' }), createReport({ whole: 'fail' }, again)];
    expect(combine(reports, [], 'shaky').cells).toMatchObject([
      {
        verdict: 'fail',
        unexpected: false,
        runs: [{ flaky: { seen: ['pass', 'fail', 'pass'], explanation: 'shaky' } }]
      }
    ]);
  });

  it('explains nothing where nothing passed', () => {
    const reports = () => [createReport({ whole: 'fail' }), createReport({ whole: 'not observed' })];
    for (const report of [combine(reports(), [], 'shaky'), combine(reports(), [{ ...line, varies: true }])]) {
      expect(report.cells).toMatchObject([
        { unexpected: true, runs: [{ flaky: { seen: ['fail', 'not observed'] } }] }
      ]);
    }
  });
});
