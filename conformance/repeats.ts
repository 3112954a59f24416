import type { Engine } from './engine.ts';
import { compareWithExpectation, findExpectedFailure, findStale, isHeld } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { isHarmless } from './report.ts';
import type { Cell, Column, Report, Run, Verdict } from './report.ts';
import { columnKey } from './reports/outcome.ts';
import { compareVerdicts } from './verdict.ts';

/**
 * Makes one report of several of the same cases and columns: of each run the worst that was seen, with its evidence, and where the verdicts
 * differ, all of them as `flaky`. A line of the list that says that it `varies`, an unsteady engine, or an alternative of the case, explains that.
 */
export function combineReports(
  reports: Report[],
  expectedFailures: ExpectedFailure[],
  engines: Pick<Engine, 'name' | 'unsteady'>[]
): Report {
  const [first, ...others] = reports;
  if (!first) throw new TypeError('there is no report to combine');
  if (others.length === 0) return first;
  const keyOf = (cell: Cell) => cell.case + columnKey(cell);
  const groups = new Map<string, Cell[]>();
  for (const cell of reports.flatMap(({ cells }) => cells)) {
    const key = keyOf(cell);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  const cells = [...groups.values()].map((group): Cell => {
    const { case: id, engine, implementation, global } = group[0]!;
    const line = findExpectedFailure(expectedFailures, id, group[0]!);
    const explanation = line?.varies ? line.reason : engines.find(({ name }) => name === engine)?.unsteady;
    const runs = sortRuns(
      group[0]!.runs.map(({ chunking }) =>
        combineRuns(
          group.flatMap((cell) => cell.runs.filter((run) => run.chunking === chunking)),
          explanation
        )
      )
    );
    const { verdict } = runs[0]!;
    const held = isHeld(first, implementation);
    return {
      case: id,
      engine,
      implementation,
      ...(global && { global }),
      verdict,
      ...compareWithExpectation(runs, held, line),
      runs
    };
  });
  return {
    ...first,
    repeats: reports.length,
    duration: reports.reduce((sum, { duration }) => sum + duration, 0),
    columns: first.columns.map((column, index) =>
      combineColumns(reports.map(({ columns }) => columns[index] ?? column))
    ),
    cells,
    stale: findStale(expectedFailures, cells)
  };
}

/** Worst first, and among those the one with evidence. */
function sortRuns(runs: Run[]): Run[] {
  return runs.sort(
    (a, b) =>
      compareVerdicts(a, b) || Number(b.observation !== undefined) - Number(a.observation !== undefined)
  );
}

function combineRuns(runs: Run[], known: string | undefined): Run {
  const reruns = runs.flatMap(({ reruns = [] }) => reruns);
  const leak = runs.find(({ leak }) => leak !== undefined)?.leak;
  const worstRun = {
    ...sortRuns([...runs])[0]!,
    ...(reruns.length > 0 && { reruns }),
    ...(leak !== undefined && { leak })
  };
  const seen = runs.flatMap(({ flaky, verdict }): Verdict[] => flaky?.seen ?? [verdict]);
  if (seen.every((verdict) => verdict === worstRun.verdict)) return worstRun;
  const free = worstRun.verdict === 'differs' ? 'the standard is silent there' : worstRun.why;
  const explanation = seen.every(isHarmless) ? free : seen.some(isHarmless) ? known : undefined;
  return { ...worstRun, flaky: { seen, ...(explanation !== undefined && { explanation }) } };
}

/** The worst status with its note; the longest duration. */
function combineColumns(columns: Column[]): Column {
  const column = columns.find(({ status }) => status !== 'ran') ?? columns[0]!;
  const durations = columns.flatMap(({ duration }) => duration ?? []);
  return durations.length > 0 ? { ...column, duration: Math.max(...durations) } : column;
}
