import { expect, it } from 'vitest';
import { checkExpectedFailures, findExpectedFailure, placeholder } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { updateExpectations } from './print-expectations.ts';
import type { Report, Verdict } from './report.ts';

const columns = ['node', 'chromium', 'firefox'].flatMap((engine) =>
  ['native', 'truesource-fetch', 'truesource-xhr'].map((implementation) => ({ engine, implementation }))
);

/** Cells are given as `case engine implementation`. */
function createReport(
  verdicts: Record<string, Verdict>,
  levels: Record<string, 'must' | 'should'> = {}
): Report {
  const cells = Object.entries(verdicts).map(([place, verdict]) => {
    const [id, engine, implementation] = place.split(' ') as [string, string, string];
    return {
      ...{ case: id, engine, implementation, verdict, unexpected: verdict === 'fail' },
      runs: [{ chunking: 'whole', verdict, differences: [] }]
    };
  });
  const cases = [...new Set(cells.map((cell) => cell.case))].map((id) => ({
    id,
    spec: `clause-of-${id}`,
    level: levels[id] ?? 'must'
  }));
  return { cells, cases } as unknown as Report;
}
const everywhere: ExpectedFailure = {
  cases: ['a', 'b'],
  implementations: ['truesource-fetch', 'truesource-xhr'],
  reason: 'Known.',
  clause: 'x'
};

it('leaves lines as they are that failed again, vary, or were not run', () => {
  const list = [everywhere, { ...everywhere, cases: ['v'], varies: true }];
  const report = createReport({
    'a node truesource-fetch': 'fail',
    'b node truesource-fetch': 'not observed',
    'v node truesource-fetch': 'pass',
    'a node native': 'pass'
  });
  expect(updateExpectations(report, list, columns)).toEqual(list);
});

it('takes what passed out of its line, and nothing else', () => {
  const report = createReport({
    'a chromium truesource-fetch': 'pass',
    'b firefox truesource-xhr': 'allowed'
  });
  const updated = updateExpectations(report, [everywhere], columns);
  for (const id of ['a', 'b', 'c']) {
    for (const column of columns) {
      const place = `${id} ${column.engine} ${column.implementation}`;
      const isLeft = !['a chromium truesource-fetch', 'b firefox truesource-xhr'].includes(place);
      const before = findExpectedFailure([everywhere], id, column);
      expect(findExpectedFailure(updated, id, column)?.reason, place).toBe(
        isLeft ? before?.reason : undefined
      );
    }
  }
});

it('drops a line of which everything passed', () => {
  const line = { ...everywhere, cases: ['a'], engines: ['node'], implementations: ['truesource-fetch'] };
  expect(updateExpectations(createReport({ 'a node truesource-fetch': 'pass' }), [line], columns)).toEqual(
    []
  );
});

it('adds what failed of ours, whatever its level, with a placeholder that is refused', () => {
  const verdicts: Record<string, Verdict> = { 'm node truesource-fetch': 'differs', 'c node native': 'fail' };
  for (const engine of ['chromium', 'firefox']) {
    for (const implementation of ['truesource-fetch', 'truesource-xhr']) {
      verdicts[`c ${engine} ${implementation}`] = 'fail';
    }
  }
  const report = createReport(verdicts, { c: 'should' });
  const added = {
    cases: ['c'],
    engines: ['chromium', 'firefox'],
    implementations: ['truesource-fetch', 'truesource-xhr'],
    reason: expect.stringContaining(placeholder) as string,
    clause: 'clause-of-c'
  };
  const updated = updateExpectations(report, [], columns);
  expect(updated).toEqual([added]);
  expect(() => checkExpectedFailures(updated)).toThrow('line 1 (c) has no reason yet');
  expect(() => checkExpectedFailures([everywhere, { ...added, reason: 'R.' }])).not.toThrow();

  for (const cell of report.cells) cell.runs[0]!.flaky = { seen: ['pass', 'fail'] };
  expect(updateExpectations(report, [], columns)).toEqual([{ ...added, varies: true }]);
});

it('adds nothing of which the failure is explained', () => {
  const report = createReport({ 'c firefox truesource-xhr': 'fail' });
  report.cells[0]!.unexpected = false;
  report.cells[0]!.runs[0]!.flaky = { seen: ['fail', 'pass'], explanation: 'shaky' };
  expect(updateExpectations(report, [], columns)).toEqual([]);
});

it('tells globals apart where not all of an engine do the same', () => {
  const inGlobals = (['window', 'dedicated worker'] as const).map((global) => ({
    engine: 'chromium',
    implementation: 'truesource-fetch',
    global
  }));
  const report = createReport({
    'a chromium truesource-fetch': 'pass',
    'c chromium truesource-fetch': 'fail'
  });
  const [passed, failed] = report.cells;
  passed!.global = 'dedicated worker';
  failed!.global = 'window';
  report.cells.push({ ...failed!, global: 'dedicated worker', verdict: 'pass' });
  const line = { ...everywhere, cases: ['a'] };
  const left = {
    cases: ['a'],
    engines: ['chromium'],
    implementations: ['truesource-fetch'],
    globals: ['window']
  };
  expect(updateExpectations(report, [line], inGlobals)).toEqual([
    { ...left, reason: line.reason, clause: line.clause },
    { ...left, cases: ['c'], reason: expect.stringContaining(placeholder) as string, clause: 'clause-of-c' }
  ]);
});

it.each([
  [{}],
  [[null]],
  [[{ ...everywhere, cases: 'a' }]],
  [[{ ...everywhere, clause: '' }]],
  [[{ ...everywhere, reason: undefined }]]
])('refuses the list %j', (list) => {
  expect(() => checkExpectedFailures(list)).toThrow(TypeError);
});
