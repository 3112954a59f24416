import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findFaults, mutated, shorten, type FileResult, type Mutant, type Reason } from './result.ts';

const reasons = JSON.parse(readFileSync(new URL('reasons.json', import.meta.url), 'utf8')) as Reason[];

test.each(mutated)('every mutant of %s that has a reason can still be made', (path) => {
  const source = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const lines = source.split('\n').map(shorten);
  const stale = reasons
    .flatMap(({ mutants }) => mutants)
    .filter((mutant) => mutant.path === path)
    .filter(({ line, from }) => !lines.includes(line) || !shortenAll(source).includes(from));
  expect(stale).toEqual([]);
});

test('reasons are of files that are mutated, and no mutant has two', () => {
  const mutants = reasons.flatMap((reason) => reason.mutants);
  expect(mutants.filter(({ path }) => !mutated.includes(path))).toEqual([]);
  expect(new Set(mutants.map((each) => JSON.stringify(each))).size).toBe(mutants.length);
  expect(reasons.filter(({ reason }) => reason === '')).toEqual([]);
});

const path = mutated[0]!;
const mutant = (to: string): Mutant => ({ path, line: 'a(b);', from: 'b', to });
const file = (killed: number, survived: number): FileResult => ({
  path,
  sha256: '',
  killed,
  timedOut: 0,
  survived
});
const result = (killed: number, survivors: Mutant[]) => ({
  stryker: '1',
  cases: 1,
  files: [file(killed, survivors.length)],
  survivors
});

test('survivors with reasons are no fault', () => {
  expect(findFaults(result(9, [mutant('c')]), [{ reason: 'why', mutants: [mutant('c')] }])).toEqual([]);
});

test('a low score, a survivor without a reason, a stale reason and a second one are faults', () => {
  const given = [{ reason: 'why', mutants: [mutant('d'), mutant('d')] }];
  expect(findFaults(result(1, [mutant('c')]), given)).toEqual([
    '50.0 % of the mutants were killed; the least is 90.0 %',
    'a survivor without a reason: polyfill/event-stream.ts: in `a(b);` `b` became `c`',
    'a reason of what did not survive: polyfill/event-stream.ts: in `a(b);` `b` became `d`',
    'a reason of what did not survive: polyfill/event-stream.ts: in `a(b);` `b` became `d`',
    'a second reason for polyfill/event-stream.ts: in `a(b);` `b` became `d`'
  ]);
});

/** Without an end: what a mutant has of it may be anywhere. */
function shortenAll(source: string): string {
  return source.replace(/\s+/g, ' ');
}
