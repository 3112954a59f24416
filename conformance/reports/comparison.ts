import { columnStatuses, verdicts, type Cell, type Column, type GlobalKind, type Report } from '../report.ts';
import { indexCells, outcomeOf, placeOf, remarksOf, type ColumnName } from './outcome.ts';
import { plain } from './terminal.ts';

/** What two runs of the suite differ in. */
export interface Comparison {
  /** Columns of both runs whose engine has another version, or that ran in one of them only. */
  columns: { column: string; before: string; after: string; statusChanged: boolean }[];
  /** Columns, as `engine/implementation`, and case ids of one run only. */
  newColumns: string[];
  removedColumns: string[];
  newCases: string[];
  removedCases: string[];
  /** Cells of cases and columns that both runs have. A cell is said by its outcome, and if not all chunkings have that verdict, by those of each but passes; and by whether it is flaky or leaks. */
  cells: {
    case: string;
    engine: string;
    implementation: string;
    global?: GlobalKind;
    before: string;
    after: string;
    /** The case itself reads differently in the two. */
    caseChanged: boolean;
  }[];
}

/** Whether anything but the versions of engines changed. */
export function isChanged(comparison: Comparison): boolean {
  const { columns, newColumns, removedColumns, newCases, removedCases, cells } = comparison;
  return (
    columns.some(({ statusChanged }) => statusChanged) ||
    [newColumns, removedColumns, newCases, removedCases, cells].some((list) => list.length > 0)
  );
}

/** Compares two reports, the earlier one first. */
export function compareReports(before: Report, after: Report): Comparison {
  const findBefore = indexCells(before);
  const findAfter = indexCells(after);
  const casesBefore = new Map(before.cases.map((each) => [each.id, JSON.stringify(each)]));
  const casesAfter = new Map(after.cases.map((each) => [each.id, JSON.stringify(each)]));
  const columnsBefore = new Map(before.columns.map((column) => [nameOf(column), column]));
  const columnsAfter = new Map(after.columns.map((column) => [nameOf(column), column]));
  const missing = (all: Map<string, unknown>, there: Map<string, unknown>) =>
    [...all.keys()].filter((key) => !there.has(key));

  const comparison: Comparison = {
    columns: [],
    newColumns: missing(columnsAfter, columnsBefore),
    removedColumns: missing(columnsBefore, columnsAfter),
    newCases: missing(casesAfter, casesBefore),
    removedCases: missing(casesBefore, casesAfter),
    cells: []
  };
  for (const [name, column] of columnsAfter) {
    const earlier = columnsBefore.get(name);
    if (!earlier) continue;
    const [one, other] = [describeColumn(earlier), describeColumn(column)];
    const statusChanged = earlier.status !== column.status;
    if (one !== other) comparison.columns.push({ column: name, before: one, after: other, statusChanged });
    for (const [id, definition] of casesAfter) {
      if (!casesBefore.has(id)) continue;
      const cells = [findBefore(id, earlier), findAfter(id, column)].map(describeCell);
      if (cells[0] === cells[1]) continue;
      const { engine, implementation, global } = column;
      const caseChanged = casesBefore.get(id) !== definition;
      comparison.cells.push({
        case: id,
        engine,
        implementation,
        ...(global && { global }),
        before: cells[0]!,
        after: cells[1]!,
        caseChanged
      });
    }
  }
  return comparison;
}

/** A comparison as lines for a terminal; `names` are those of the two reports. */
export function renderComparison(comparison: Comparison, names: [before: string, after: string]): string {
  const lines: string[] = [];
  const list = (title: string, items: string[]) => {
    if (items.length > 0) lines.push(`${title} (${items.length}):`, ...items.map((item) => `  ${item}`), '');
  };
  list(
    'Columns',
    comparison.columns.map(({ column, before, after }) => `${column}: ${before} -> ${after}`)
  );
  list('New columns', comparison.newColumns);
  list('Removed columns', comparison.removedColumns);
  list('New cases', comparison.newCases);
  list('Removed cases', comparison.removedCases);
  for (const column of new Set(comparison.cells.map(nameOf))) {
    list(
      column,
      comparison.cells
        .filter((cell) => nameOf(cell) === column)
        .map(
          (cell) =>
            `${cell.case}: ${cell.before} -> ${cell.after}${cell.caseChanged ? ' (the case was changed)' : ''}`
        )
    );
  }
  const count = comparison.cells.length;
  lines.push(
    `${count === 0 ? 'No cell' : count === 1 ? '1 cell' : `${count} cells`} changed from ${names[0]} to ${names[1]}.`
  );
  return `${lines.map(plain).join('\n')}\n`;
}

/** Reads what renderJson wrote. Throws an Error that says what is wrong with the text, without its name. */
export function readReport(text: string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(text) as Partial<Report> | null;
  } catch (error) {
    throw new Error(`is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!report || !isObject(report) || !('schema' in report))
    throw new Error('is no JSON report of truesource conformance');
  if (report.schema !== 1) {
    throw new Error(`is a report of schema ${JSON.stringify(report.schema)}; this truesource reads schema 1`);
  }
  const check = (
    name: 'columns' | 'cases' | 'cells',
    members: string[],
    isRight?: (item: Cell & Column) => boolean
  ) => {
    const items = report[name] as unknown;
    if (!Array.isArray(items)) throw new Error(`has no ${name}`);
    const wrong = items.findIndex(
      (item: Record<string, unknown>) =>
        !isObject(item) ||
        members.some((member) => typeof item[member] !== 'string') ||
        (isRight && !isRight(item as unknown as Cell & Column))
    );
    if (wrong >= 0) throw new Error(`is damaged: ${name}[${wrong}] lacks what the schema requires`);
  };
  check('columns', ['engine', 'implementation'], ({ status }) => columnStatuses.includes(status));
  check('cases', ['id', 'section', 'level', 'spec']);
  check(
    'cells',
    ['case', 'engine', 'implementation'],
    ({ verdict, runs }) =>
      verdicts.includes(verdict) &&
      Array.isArray(runs) &&
      runs.length > 0 &&
      runs.every((run) => isObject(run) && typeof run.chunking === 'string' && verdicts.includes(run.verdict))
  );
  return report as Report;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(column: ColumnName): string {
  return `${placeOf(column)}/${column.implementation}`;
}

function describeColumn({ version, status }: Column): string {
  return `${version ?? ''} ${status}`.trim();
}

function describeCell(cell: Cell | undefined): string {
  if (!cell) return 'not run';
  const outcome = outcomeOf(cell);
  const chunkings = new Map<string, string[]>();
  for (const { verdict, chunking } of cell.runs) {
    const name = verdict === cell.verdict ? outcome : verdict;
    chunkings.set(name, [...(chunkings.get(name) ?? []), chunking]);
  }
  const where = ([name, having]: [string, string[]]) =>
    having.length < cell.runs.length ? `${name} (${having.sort().join(', ')})` : name;
  const remarks = remarksOf(cell).filter((remark) => remark !== 'run again');
  return [
    ...[...chunkings].filter(([name]) => name !== 'pass' || name === outcome).map(where),
    ...remarks
  ].join(', ');
}
