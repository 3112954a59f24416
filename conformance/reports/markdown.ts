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

/** What there is of each, as ` (1 a, 2 b)`. */
function inBrackets(counts: [count: number, name: string][]): string {
  const parts = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
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
              total.fail +
                inBrackets([
                  [total['not observed'], 'not observed'],
                  [total.flaky, 'flaky'],
                  [total.leak, 'leaking']
                ]),
              `${total['expected failures']}`
            ]
          : ['–', '–'])
      ])
    );
  }

  const reasons = new Map<string, Map<string, string[]>>();
  for (const { id } of report.cases) {
    for (const column of report.columns) {
      const why = find(id, column)?.expectedFailure;
      if (!why) continue;
      const line = `${escape(why.reason)} Clause: ${link(why.clause)}.`;
      const columnsOf = reasons.get(line) ?? new Map<string, string[]>();
      columnsOf.set(id, [...(columnsOf.get(id) ?? []), nameOf(column)]);
      reasons.set(line, columnsOf);
    }
  }
  if (reasons.size) {
    lines.push('', 'Expected failures:', '');
    for (const [line, columnsOf] of reasons) {
      const casesOf = new Map<string, string[]>();
      for (const [id, columns] of columnsOf) {
        const where = escape(columns.join(', '));
        casesOf.set(where, [...(casesOf.get(where) ?? []), escape(id)]);
      }
      const places = [...casesOf].map(([where, ids]) => `**${ids.join('**, **')}** (${where})`);
      lines.push(`- ${line} ${places.join('; ')}`);
    }
  }
  return lines.join('\n') + '\n';
}
