import { isPassed } from './report.ts';
import type { Cell, GlobalKind, Report, Run, Verdict } from './report.ts';

/** A line of expected-failures.json: cases that an implementation is known to fail. */
export interface ExpectedFailure {
  /** Case ids. */
  cases: string[];
  /** Default: every engine. */
  engines?: string[];
  implementations: string[];
  /** Default: every one, and engines that have none of these. */
  globals?: GlobalKind[];
  /** It passes now and then, by no merit or fault of the implementation: a pass is then no surprise. */
  varies?: boolean;
  reason: string;
  /** Anchor in the server-sent events chapter of the HTML standard, or a whole URL. */
  clause: string;
}

/** Stands for a reason until somebody has found it; a list in which a reason begins like this is refused. */
export const placeholder = 'UNEXPLAINED';

/** Throws an Error that names the line which has no reason yet, or not the members of a line. */
export function checkExpectedFailures(list: unknown): asserts list is ExpectedFailure[] {
  if (!Array.isArray(list)) throw new TypeError('is not a list');
  list.forEach((line: unknown, index) => {
    const { cases, engines, implementations, globals, reason, clause } = Object(
      line
    ) as Partial<ExpectedFailure>;
    const where = `line ${index + 1} (${String(cases)})`;
    const isNames = (value: unknown) =>
      Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
    const areWrong = [engines, globals].some((names) => names !== undefined && !isNames(names));
    if (!isNames(cases) || !isNames(implementations) || areWrong) {
      throw new TypeError(`${where} lacks cases or implementations, or has wrong engines or globals`);
    }
    if (typeof reason !== 'string' || reason === '' || reason.startsWith(placeholder)) {
      throw new TypeError(`${where} has no reason yet`);
    }
    if (typeof clause !== 'string' || clause === '') throw new TypeError(`${where} has no clause`);
  });
}

/** The line that covers a case in a column, if there is one. */
export function findExpectedFailure(
  list: ExpectedFailure[],
  id: string,
  column: Pick<Cell, 'engine' | 'implementation' | 'global'>
): ExpectedFailure | undefined {
  return list.find((line) => line.cases.includes(id) && covers(line, column));
}

/** Whether a line is for a column. The name of an engine may go on after a space, with how it was reached. */
export function covers(
  { engines, implementations, globals }: ExpectedFailure,
  column: Pick<Cell, 'engine' | 'implementation' | 'global'>
): boolean {
  return (
    implementations.includes(column.implementation) &&
    (engines?.some((name) => name === column.engine || column.engine.startsWith(`${name} `)) ?? true) &&
    (globals?.some((global) => global === column.global) ?? true)
  );
}

/** What the runs of a case, the worst first, mean in a column, given the line that covers it. Only what is held to a list can surprise. */
export function compareWithExpectation(
  runs: Pick<Run, 'verdict' | 'flaky'>[],
  held: boolean,
  line: ExpectedFailure | undefined
): Pick<Cell, 'expectedFailure' | 'unexpected'> {
  if (!held) return { unexpected: false };
  const { verdict } = runs[0]!;
  const unexplained = runs.filter(({ flaky }) => !flaky || flaky.explanation === undefined);
  const isSurprise = unexplained.some(({ flaky }) => flaky !== undefined);
  const has = (one: Verdict) => unexplained.some((run) => run.verdict === one);
  if (line && verdict === 'fail') {
    return {
      expectedFailure: { reason: line.reason, clause: line.clause },
      unexpected: isSurprise || has('not observed')
    };
  }
  if (isSurprise || has('not observed')) return { unexpected: true };
  return { unexpected: line ? !line.varies && isPassed(verdict) : has('fail') };
}

/** The lines, one per case and column, of cells that passed nevertheless. */
export function findStale(list: ExpectedFailure[], cells: Cell[]): Report['stale'] {
  return cells.flatMap((cell) => {
    const line = findExpectedFailure(list, cell.case, cell);
    if (!line || line.varies || !isPassed(cell.verdict)) return [];
    const { engine, implementation, global } = cell;
    return [{ case: cell.case, engine, implementation, ...(global && { global }), reason: line.reason }];
  });
}

/** Whether an implementation is held to the list of expected failures. */
export function isHeld({ expectationsOf }: Pick<Report, 'expectationsOf'>, implementation: string): boolean {
  return expectationsOf === 'all' || isOurs(implementation);
}

export function isOurs(implementation: string): boolean {
  return implementation.startsWith('truesource');
}
