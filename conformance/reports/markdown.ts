import type { Column, Report } from '../report.ts';
import { clauseUrl } from './clause.ts';
import { countOutcomes, countPassed, indexCells, placeOf, type ColumnName } from './outcome.ts';

export function escape(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]{}()<>&|~!#$@]/g, '\\$&')
    .replace(
      /[\p{Cc}\p{Cf}\p{Cs}]/gu,
      (character) => `\\\\u{${(character.codePointAt(0) as number).toString(16)}}`
    );
}

function nameOf(column: ColumnName): string {
  return `${placeOf(column)} ${column.implementation}`;
}

export function link(clause: string): string {
  const url = clauseUrl(clause);
  return url ? `[${escape(clause)}](<${url}>)` : escape(clause);
}

function nameOfImplementation({ implementation, implementationVersion }: Column): string {
  return implementationVersion === undefined
    ? implementation
    : `${implementation} (${implementationVersion})`;
}

/**
 * The table of the README: one row per column of the report, per section how many of the applicable cases passed
 * (an answer that the standard allows is a pass), then the failures that nothing explains. Below, the expected failures.
 */
export function renderMarkdown(report: Report): string {
  const sections = [...new Set(report.cases.map((c) => c.section))];
  const find = indexCells(report);
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    row(['Engine', 'EventSource', ...sections.map(escape), 'failed', 'expected failures']),
    row(['---', '---', ...sections.map(() => '--:'), '--:', '--:'])
  ];
  for (const column of report.columns) {
    const cellsOf = (section?: string) =>
      report.cases
        .filter((c) => section === undefined || c.section === section)
        .flatMap((c) => find(c.id, column) ?? []);
    const engine = escape(column.version ? `${placeOf(column)} (${column.version})` : placeOf(column));
    const total = countOutcomes(cellsOf());
    lines.push(
      row([
        engine,
        escape(nameOfImplementation(column)) + (column.status === 'ran' ? '' : ` (${column.status})`),
        ...sections.map((section) => {
          const { passed, applicable } = countPassed(cellsOf(section));
          return applicable ? `${passed}/${applicable}` : '–';
        }),
        ...(cellsOf().length
          ? [
              total['not observed']
                ? `${total.fail} (${total['not observed']} not observed)`
                : `${total.fail}`,
              `${total['expected failures']}`
            ]
          : ['–', '–'])
      ])
    );
  }

  const expected = new Map<string, { line: string; columns: string[] }>();
  for (const cell of report.cells) {
    if (!cell.expectedFailure) continue;
    const { reason, clause } = cell.expectedFailure;
    const key = JSON.stringify([cell.case, reason, clause]);
    const entry = expected.get(key) ?? {
      line: `${escape(reason)} Clause: ${link(clause)}.`,
      columns: []
    };
    entry.columns.push(nameOf(cell));
    expected.set(key, entry);
  }
  if (expected.size) {
    lines.push('', 'Expected failures:', '');
    for (const [key, { line, columns }] of expected) {
      const [id] = JSON.parse(key) as [string];
      lines.push(`- **${escape(id)}** (${escape(columns.join(', '))}): ${line}`);
    }
  }
  return lines.join('\n') + '\n';
}
