import { describe, expect, it } from 'vitest';
import { compareWithExpectation, findExpectedFailure, findStale, isHeld } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import type { Cell, Run, Verdict } from './report.ts';

const line: ExpectedFailure = {
  cases: ['a', 'b'],
  engines: ['chromium'],
  implementations: ['truesource-xhr'],
  reason: 'no way to do it',
  clause: 'sse-processing-model'
};
const everywhere: ExpectedFailure = {
  cases: ['c'],
  implementations: ['truesource-xhr'],
  reason: 'r',
  clause: 'x'
};

describe('findExpectedFailure', () => {
  const list = [line, everywhere];
  it.each([
    ['a', 'chromium', 'truesource-xhr', line],
    ['a', 'chromium by webdriver', 'truesource-xhr', line],
    ['a', 'chromium2', 'truesource-xhr', undefined],
    ['a', 'firefox', 'truesource-xhr', undefined],
    ['a', 'chromium', 'truesource-fetch', undefined],
    ['c', 'firefox', 'truesource-xhr', everywhere],
    ['d', 'chromium', 'truesource-xhr', undefined]
  ])('%s in %s with %s', (id, engine, implementation, expected) => {
    expect(findExpectedFailure(list, id, { engine, implementation })).toBe(expected);
  });
});

describe('compareWithExpectation', () => {
  const unexpected = (verdict: Verdict, listed: boolean, held = true) =>
    compareWithExpectation([{ verdict }], held, listed ? line : undefined).unexpected;

  it('takes a failure that is not listed as unexpected, and no other answer', () => {
    expect(unexpected('fail', false)).toBe(true);
    expect(unexpected('differs', false)).toBe(false);
    expect(unexpected('allowed', false)).toBe(false);
  });
  it('takes a listed failure as expected, with its reason and clause', () => {
    expect(compareWithExpectation([{ verdict: 'fail' }], true, line)).toEqual({
      expectedFailure: { reason: 'no way to do it', clause: 'sse-processing-model' },
      unexpected: false
    });
  });
  it('takes a listed case that passes as unexpected', () => {
    expect(unexpected('pass', true)).toBe(true);
    expect(unexpected('allowed', true)).toBe(true);
  });
  it('never takes what was not observed as expected', () => {
    expect(unexpected('not observed', true)).toBe(true);
    expect(unexpected('not observed', false)).toBe(true);
  });
  it('takes a listed failure beside what was not observed as unexpected', () => {
    const runs: Pick<Run, 'verdict' | 'flaky'>[] = [{ verdict: 'fail' }, { verdict: 'not observed' }];
    expect(compareWithExpectation(runs, true, line)).toMatchObject({ unexpected: true });
    runs[1]!.flaky = { seen: ['pass', 'not observed'], explanation: 'shaky' };
    expect(compareWithExpectation(runs, true, line)).toMatchObject({ unexpected: false });
  });
  it('takes unsupported cases as they are', () => {
    expect(unexpected('unsupported', true)).toBe(false);
    expect(unexpected('unsupported', false)).toBe(false);
  });
  it('takes what is flaky as unexpected unless that is explained', () => {
    const surprises = (run: Partial<Run>) =>
      compareWithExpectation([{ verdict: 'fail', ...run }], true, undefined).unexpected;
    const seen: Verdict[] = ['fail', 'pass'];
    expect(surprises({ flaky: { seen, explanation: 'It is unsteady.' } })).toBe(false);
    expect(surprises({ flaky: { seen } })).toBe(true);
  });
  it('is never surprised by what is not held to a list', () => {
    for (const verdict of ['pass', 'fail', 'not observed'] as const) {
      expect(unexpected(verdict, true, false)).toBe(false);
    }
  });
});

describe('isHeld', () => {
  it('is so of truesource, and of all where all are', () => {
    expect(isHeld({}, 'truesource-xhr')).toBe(true);
    expect(isHeld({}, 'native')).toBe(false);
    expect(isHeld({ expectationsOf: 'all' }, 'native')).toBe(true);
  });
});

describe('findStale', () => {
  it('names the case and the column of each listed case that passed', () => {
    const cell = (id: string, engine: string, verdict: Verdict): Cell => ({
      case: id,
      engine,
      implementation: 'truesource-xhr',
      verdict,
      unexpected: false,
      runs: []
    });
    const cells = [
      cell('a', 'chromium', 'pass'),
      cell('b', 'chromium', 'fail'),
      cell('a', 'firefox', 'pass')
    ];
    expect(findStale([line], cells)).toEqual([
      { case: 'a', engine: 'chromium', implementation: 'truesource-xhr', reason: 'no way to do it' }
    ]);
  });
});
