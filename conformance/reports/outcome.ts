import { isHeld } from '../expected-failures.ts';
import { isPassed, type Cell, type Column, type Report, type Run, type Verdict } from '../report.ts';

/** A verdict, seen with the list of expected failures. */
export type Outcome = Verdict | 'expected failure' | 'unexpected pass';

/** In the order of legends and totals: the sign for it in pages, and the words that explain it. */
export const outcomes: Record<Outcome, { sign: string; words: string }> = {
  pass: { sign: '✓', words: 'did what the standard says' },
  fail: { sign: '✗', words: 'did something else' },
  'expected failure': {
    sign: '(✗)',
    words: 'did something else, for a reason that is known and listed'
  },
  'unexpected pass': { sign: '✓!', words: 'is listed as an expected failure, and passed' },
  allowed: { sign: '≈', words: 'gave another answer that the standard allows' },
  differs: { sign: '≠', words: 'did something else where the standard is silent: no failure, and no pass' },
  unsupported: { sign: '–', words: 'the engine lacks what the case needs' },
  'not observed': { sign: '?', words: 'no answer was seen' }
};

export function outcomeOf(cell: Cell): Outcome {
  if (cell.verdict === 'fail' && cell.expectedFailure) return 'expected failure';
  if (cell.unexpected && isPassed(cell.verdict)) return 'unexpected pass';
  return cell.verdict;
}

/** What is to be known of a cell besides its outcome: the sign for it, behind that of the outcome, and the words that explain it. */
export const remarks = {
  flaky: { sign: '~', words: 'not the same verdict each time: the worst counts' },
  'run again': { sign: '*', words: 'run more than once, since what came before said little of it' },
  leak: { sign: '°', words: 'a connection stayed open long after its source had been closed' }
};
export type Remark = keyof typeof remarks;

export function remarksOf({ runs }: Pick<Cell, 'runs'>): Remark[] {
  const found: Remark[] = [];
  if (runs.some(({ flaky }) => flaky)) found.push('flaky');
  if (runs.some(({ reruns }) => reruns)) found.push('run again');
  if (runs.some(({ leak }) => leak !== undefined)) found.push('leak');
  return found;
}

export const totalNames = [
  'pass',
  'fail',
  'allowed',
  'differs',
  'unsupported',
  'not observed',
  'expected failures',
  'unexpected',
  'flaky',
  'run again',
  'leak'
] as const;

/** How many cells of each kind. `fail` is without the expected failures; `unexpected` and what follows count cells that are in one of the others too. */
export type Totals = Record<(typeof totalNames)[number], number>;

export function countOutcomes(cells: Iterable<Cell>): Totals {
  const totals: Totals = {
    pass: 0,
    fail: 0,
    allowed: 0,
    differs: 0,
    unsupported: 0,
    'not observed': 0,
    'expected failures': 0,
    unexpected: 0,
    flaky: 0,
    'run again': 0,
    leak: 0
  };
  for (const cell of cells) {
    const outcome = outcomeOf(cell);
    if (outcome === 'expected failure') totals['expected failures']++;
    else totals[outcome === 'unexpected pass' ? 'pass' : outcome]++;
    if (cell.unexpected) totals.unexpected++;
    for (const remark of remarksOf(cell)) totals[remark]++;
  }
  return totals;
}

/** How many cells passed or gave an allowed answer, of those that could have failed to: not where the engine lacks what the case needs, or the standard is silent. */
export function countPassed(cells: Iterable<Cell>): { passed: number; applicable: number } {
  const totals = countOutcomes(cells);
  const passed = totals.pass + totals.allowed;
  return { passed, applicable: passed + totals.fail + totals['not observed'] + totals['expected failures'] };
}

/** What tells columns apart. */
export type ColumnName = Pick<Column, 'engine' | 'implementation' | 'global'>;

/** The engine, and where in it if that is a worker. */
export function placeOf({ engine, global }: ColumnName): string {
  return global && global !== 'window' ? `${engine} ${global}` : engine;
}

export function columnKey(column: ColumnName): string {
  return JSON.stringify([placeOf(column), column.implementation]);
}

/** Looks cells up by case id and column. */
export function indexCells(report: Report): (id: string, column: ColumnName) => Cell | undefined {
  const index = new Map(report.cells.map((cell) => [cell.case + columnKey(cell), cell]));
  return (id, column) => index.get(id + columnKey(column));
}

/** One line: whether the implementations that are held to a list did what was expected; and the tone in which it is said. */
export function concludeReport(report: Report): { line: string; tone: 'good' | 'bad' | 'soft' } {
  const held = ({ implementation }: { implementation: string }) => isHeld(report, implementation);
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const unexpected = report.cells.filter((cell) => held(cell) && cell.unexpected).length;
  const wasRun = report.cells.some(held);
  const parts: string[] = [];
  if (unexpected) parts.push(count(unexpected, 'unexpected result'));
  else parts.push(wasRun ? 'no unexpected results' : 'not run itself');
  const broken = report.columns.filter((column) => held(column) && column.status === 'broken').length;
  if (broken) parts.push(count(broken, 'broken column'));
  if (report.stale.length) {
    parts.push(count(report.stale.length, 'stale line'));
  }
  const isBad = unexpected || broken || report.stale.length;
  return {
    line: `${report.expectationsOf === 'all' ? 'all implementations' : 'truesource'}: ${parts.join(', ')}`,
    tone: isBad ? 'bad' : wasRun ? 'good' : 'soft'
  };
}

/** What a run has of what `remarks` are about, in words. */
export function explainRemarks({ flaky, reruns, leak }: Pick<Run, 'flaky' | 'reruns' | 'leak'>): string[] {
  return [
    ...(flaky ? [`flaky: ${flaky.seen.join(', ')}; ${flaky.explanation ?? 'nothing explains it'}`] : []),
    ...(reruns ?? []).map((why) => `run again: ${why}`),
    ...(leak === undefined ? [] : [`leak: ${leak}`])
  ];
}

/** The runs that had not the same verdict each time, with their cells. */
export function findFlaky(report: Report): { cell: Cell; run: Run }[] {
  return report.cells.flatMap((cell) => cell.runs.filter(({ flaky }) => flaky).map((run) => ({ cell, run })));
}
