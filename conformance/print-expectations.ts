import { findExpectedFailure, isOurs, placeholder } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import type { Report } from './report.ts';

interface Column {
  engine: string;
  implementation: string;
}

/**
 * The list of expected failures that fits a report: what is listed and was not run, or failed again, stays with its reason; what passed goes;
 * what failed without being listed is added with a placeholder for its reason. `columns` are all that the suite knows, for lines without engines.
 */
export function updateExpectations(
  report: Report,
  list: ExpectedFailure[],
  columns: Column[]
): ExpectedFailure[] {
  const cells = new Map(
    report.cells.map((cell) => [keyOf(cell.case, cell.engine, cell.implementation), cell])
  );
  const kept = list.flatMap((line): ExpectedFailure[] => {
    if (line.varies) return [line];
    const covered = columns.filter((column) => isCovered(line, column));
    const isStale = (id: string, { engine, implementation }: Column) => {
      const cell = cells.get(keyOf(id, engine, implementation));
      return cell?.verdict === 'pass' || cell?.verdict === 'allowed';
    };
    if (!line.cases.some((id) => covered.some((column) => isStale(id, column)))) return [line];
    const left = line.cases.flatMap((id) =>
      covered.filter((column) => !isStale(id, column)).map((column) => ({ id, ...column }))
    );
    return group(left).map((product) => ({ ...product, reason: line.reason, clause: line.clause }));
  });

  const levels = new Map(report.cases.map(({ id, level, spec }) => [id, { level, spec }]));
  const added = report.cells.filter(
    (cell) =>
      isOurs(cell.implementation) &&
      cell.verdict === 'fail' &&
      levels.get(cell.case)?.level === 'must' &&
      !findExpectedFailure(list, cell.case, cell)
  );
  const isFlaky = (cell: (typeof added)[number]) => cell.runs.some(({ flaky }) => flaky);
  return [
    ...kept,
    ...[false, true].flatMap((varies) =>
      group(
        added
          .filter((cell) => isFlaky(cell) === varies)
          .map(({ case: id, engine, implementation }) => ({ id, engine, implementation }))
      ).flatMap(({ cases, ...where }) =>
        cases.map((id) => ({
          cases: [id],
          ...where,
          ...(varies && { varies }),
          reason: `${placeholder}: say why this cannot pass`,
          clause: levels.get(id)!.spec
        }))
      )
    )
  ];
}

function keyOf(id: string, engine: string, implementation: string): string {
  return JSON.stringify([id, engine, implementation]);
}

function isCovered(line: ExpectedFailure, { engine, implementation }: Column): boolean {
  return (
    line.implementations.includes(implementation) &&
    (line.engines === undefined || line.engines.includes(engine))
  );
}

/** Writes places as products of cases, engines and implementations. */
function group(
  places: { id: string; engine: string; implementation: string }[]
): Pick<Required<ExpectedFailure>, 'cases' | 'engines' | 'implementations'>[] {
  const engineLines = collect(places, ({ id, engine }) => [id, engine]).map(([[id, engine], here]) => ({
    id: id!,
    engine: engine!,
    implementations: here.map(({ implementation }) => implementation).sort()
  }));
  const caseLines = collect(engineLines, ({ id, implementations }) => [id, ...implementations]).map(
    ([[id, ...implementations], here]) => ({
      id: id!,
      engines: here.map(({ engine }) => engine),
      implementations
    })
  );
  return collect(caseLines, ({ engines, implementations }) => [engines, implementations]).map(
    ([[engines, implementations], here]) => ({
      cases: here.map(({ id }) => id),
      engines: engines!,
      implementations: implementations!
    })
  );
}

/** Groups items by a key that is compared as JSON. */
function collect<Item, Key>(items: Item[], keyOf: (item: Item) => Key): [Key, Item[]][] {
  const groups = new Map<string, [Key, Item[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const text = JSON.stringify(key);
    const found = groups.get(text);
    if (found) found[1].push(item);
    else groups.set(text, [key, [item]]);
  }
  return [...groups.values()];
}
