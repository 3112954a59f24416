import { covers, findExpectedFailure, isHeld, placeholder } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { isPassed } from './report.ts';
import type { GlobalKind, Report } from './report.ts';
import { columnKey, indexCells } from './reports/outcome.ts';
import type { ColumnName } from './reports/outcome.ts';

type Place = ColumnName & { id: string };

/**
 * The list of expected failures that fits a report: what is listed and was not run, or failed again, stays with its reason; what passed goes;
 * what failed without being listed is added with a placeholder for its reason. `columns` are all that the suite knows, for lines without engines.
 */
export function updateExpectations(
  report: Report,
  list: ExpectedFailure[],
  columns: ColumnName[]
): ExpectedFailure[] {
  const find = indexCells(report);
  const kept = list.flatMap((line): ExpectedFailure[] => {
    if (line.varies) return [line];
    const covered = columns.filter((column) => covers(line, column));
    const isStale = (id: string, column: ColumnName) => {
      const cell = find(id, column);
      return cell !== undefined && isPassed(cell.verdict);
    };
    if (!line.cases.some((id) => covered.some((column) => isStale(id, column)))) return [line];
    const left = line.cases.flatMap((id) =>
      covered.filter((column) => !isStale(id, column)).map((column) => ({ id, ...column }))
    );
    return group(left, columns).map((product) => ({ ...product, reason: line.reason, clause: line.clause }));
  });

  const clauses = new Map(report.cases.map(({ id, spec }) => [id, spec]));
  const added = report.cells.filter(
    (cell) =>
      isHeld(report, cell.implementation) &&
      cell.verdict === 'fail' &&
      cell.unexpected &&
      !findExpectedFailure(list, cell.case, cell)
  );
  const ran = [...new Map(report.cells.map((cell) => [columnKey(cell), cell])).values()];
  const isFlaky = (cell: (typeof added)[number]) => cell.runs.some(({ flaky }) => flaky);
  return [
    ...kept,
    ...[false, true].flatMap((varies) =>
      group(
        added.filter((cell) => isFlaky(cell) === varies).map(({ case: id, ...cell }) => ({ id, ...cell })),
        ran
      ).flatMap(({ cases, ...where }) =>
        cases.map((id) => ({
          cases: [id],
          ...where,
          ...(varies && { varies }),
          reason: `${placeholder}: say why this cannot pass`,
          clause: clauses.get(id)!
        }))
      )
    )
  ];
}

/** Writes places as products of cases, engines, implementations and globals; without globals where a column of each of `columns` is meant. */
function group(
  places: Place[],
  columns: ColumnName[]
): Pick<ExpectedFailure, 'cases' | 'engines' | 'implementations' | 'globals'>[] {
  const withGlobals = collect(places, ({ id, engine, implementation }) => ({
    id,
    engine,
    implementation
  })).map(([place, here]) => {
    const all = columns.filter(
      ({ engine, implementation }) => engine === place.engine && implementation === place.implementation
    );
    const globals = here.flatMap(({ global }): GlobalKind[] => (global ? [global] : []));
    return { ...place, ...(here.length < all.length && { globals }) };
  });
  return collect(withGlobals, ({ globals }) => ({ globals })).flatMap(([{ globals }, here]) =>
    groupOfAGlobal(here).map((product) => ({ ...product, ...(globals && { globals }) }))
  );
}

function groupOfAGlobal(
  places: Place[]
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
