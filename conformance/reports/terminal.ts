import pc from 'picocolors';
import type { Column, Progress, Report } from '../report.ts';
import {
  columnKey,
  concludeReport,
  countOutcomes,
  countPassed,
  explainRemarks,
  indexCells,
  outcomeOf,
  placeOf,
  remarks,
  remarksOf,
  totalNames,
  type Outcome
} from './outcome.ts';

const marks: Record<Outcome, string> = {
  pass: '.',
  fail: 'F',
  'expected failure': 'x',
  'unexpected pass': '!',
  allowed: 'a',
  differs: 'd',
  unsupported: 'U',
  'not observed': '?'
};

const narrowestColumn = 9;
const narrowestName = 28;
const mostUnexpected = 20;
const mostRemarks = 60;
const mostReasons = 6;

/** Everything that is not one plain cell wide becomes an escape, so that no text can steer the terminal or break the table. */
export function plain(text: string): string {
  return text.replace(
    /[^\x20-\x7e\xa1-\xac\xae-\xff\u2010-\u2027]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`
  );
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : width < 1 ? '' : text.slice(0, width - 1) + '…';
}

/** Keeps the last word, by which implementations of one engine differ. */
function cutMiddle(text: string, width: number): string {
  const last = /[^\s/-]*$/.exec(text)?.[0] ?? '';
  if (text.length <= width || !last || last.length > width - 3) return cut(text, width);
  return text.slice(0, width - 1 - last.length) + '…' + last;
}

function wrap(text: string, width: number, indent: string): string[] {
  const room = Math.max(10, width - indent.length);
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    for (; word.length > room; word = word.slice(room)) lines.push(word.slice(0, room));
    line += (line && ' ') + word;
  }
  return [...lines, line].map((each) => indent + each);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * The matrix for a terminal: sections with passed/applicable, under each the cases in which a column did not simply pass,
 * totals, what did not run, stale lines, unexpected results, and one line on our own implementations. No line is
 * longer than `width` (from 72 on); if the columns do not fit side by side, they follow in blocks.
 */
export function renderTerminal(report: Report, options: { colour: boolean; width: number }): string {
  const colours = pc.createColors(options.colour);
  const width = Math.max(72, options.width);
  const paint: Record<Outcome, (text: string) => string> = {
    pass: colours.green,
    fail: (text) => colours.bold(colours.red(text)),
    'expected failure': colours.yellow,
    'unexpected pass': (text) => colours.bold(colours.magenta(text)),
    allowed: colours.cyan,
    differs: colours.blue,
    unsupported: colours.dim,
    'not observed': (text) => colours.bold(colours.yellow(text))
  };
  const find = indexCells(report);
  const withCells = new Set(report.cells.map(columnKey));
  const shown = report.columns.filter(
    (column) => column.status === 'ran' || withCells.has(columnKey(column))
  );
  const lines: string[] = wrap(
    plain(
      `truesource ${report.truesource}, whatwg/html ${report.standard.slice(0, 12)}, ${report.startedAt}, ${seconds(report.duration)}, ${report.host}`
    ),
    width,
    ''
  );

  const printBlock = (columns: Column[]) => {
    const header = Math.max(
      ...columns.flatMap((c) => [plain(c.engine).length, plain(c.implementation).length])
    );
    const columnWidth = Math.max(
      narrowestColumn,
      Math.min(header + 2, Math.floor((width - narrowestName) / columns.length))
    );
    const longest = Math.max(...totalNames.map((n) => n.length), ...report.cases.map((c) => c.id.length + 2));
    const nameWidth = Math.min(longest, width - columnWidth * columns.length);
    const line = (name: string, cells: string[], colour: (text: string, index: number) => string) =>
      name.padEnd(nameWidth) + cells.map((cell, i) => colour(cell.padStart(columnWidth), i)).join('');
    lines.push('');
    const hasWorkers = columns.some((column) => placeOf(column) !== column.engine);
    for (const key of ['engine', ...(hasWorkers ? ['global' as const] : []), 'implementation'] as const) {
      lines.push(
        line(
          '',
          columns.map((column) =>
            key === 'global'
              ? cut(column.global ?? '', columnWidth - 1)
              : cutMiddle(plain(column[key]), columnWidth - 1)
          ),
          colours.bold
        )
      );
    }
    for (const section of new Set(report.cases.map((c) => c.section))) {
      const cases = report.cases.filter((c) => c.section === section);
      const counts = columns.map((column) => countPassed(cases.flatMap((c) => find(c.id, column) ?? [])));
      lines.push(
        line(
          section,
          counts.map(({ passed, applicable }) => (applicable ? `${passed}/${applicable}` : '-')),
          (text, i) => (counts[i]?.passed === counts[i]?.applicable ? text : colours.bold(text))
        )
      );
      for (const each of cases) {
        const found = columns.map((column) => find(each.id, column));
        const results = found.map((cell) => cell && outcomeOf(cell));
        const notes = found.map((cell) => (cell ? remarksOf(cell) : []));
        const isPlain = (outcome: Outcome | undefined, i: number) =>
          !outcome ||
          ((outcome === 'pass' || outcome === 'unsupported') &&
            notes[i]!.every((note) => note === 'run again'));
        if (results.every(isPlain)) continue;
        const id = plain(each.id);
        let name = `  ${id}`;
        if (name.length > nameWidth) {
          lines.push(...wrap(id, width, '  '));
          name = '';
        }
        lines.push(
          line(
            name,
            results.map((outcome, i) =>
              outcome ? marks[outcome] + notes[i]!.map((note) => remarks[note].sign).join('') : ''
            ),
            (text, i) => {
              const outcome = results[i];
              return outcome ? paint[outcome](text) : text;
            }
          )
        );
      }
    }
    lines.push('-'.repeat(Math.min(width, nameWidth + columnWidth * columns.length)));
    const totals = columns.map((column) =>
      countOutcomes(report.cases.flatMap((c) => find(c.id, column) ?? []))
    );
    for (const name of totalNames) {
      lines.push(
        line(
          name,
          totals.map((total) => String(total[name])),
          (text, i) => {
            if (!totals[i]?.[name]) return colours.dim(text);
            return name === 'unexpected' ? paint.fail(text) : text;
          }
        )
      );
    }
  };

  const perBlock = Math.max(1, Math.floor((width - narrowestName) / narrowestColumn));
  const blocks = Math.ceil(shown.length / perBlock);
  const blockSize = Math.ceil(shown.length / blocks);
  for (let i = 0; i < blocks; i++) printBlock(shown.slice(i * blockSize, (i + 1) * blockSize));

  const nbsp = '\xa0';
  const legend = [
    ...Object.entries(marks),
    ...Object.entries(remarks).map(([remark, { sign }]) => [remark, sign])
  ].map(([name, mark]) => `${mark} ${name}`.replaceAll(' ', nbsp));
  lines.push('', ...wrap(legend.join('   '), width, '').map((line) => line.trim().replaceAll(nbsp, ' ')));

  const absent = new Map<string, { column: Column; implementations: string[] }>();
  for (const column of report.columns) {
    if (column.status === 'ran') continue;
    const key = JSON.stringify([placeOf(column), column.status, column.note]);
    const entry = absent.get(key) ?? { column, implementations: [] };
    entry.implementations.push(column.implementation);
    absent.set(key, entry);
  }
  if (absent.size) lines.push('');
  for (const { column, implementations } of absent.values()) {
    const text = `${placeOf(column)} (${implementations.join(', ')}): ${column.status}`;
    lines.push(...wrap(plain(text), width, '').map((each) => colours.yellow(each)));
    for (const note of column.note?.split(/\r?\n/) ?? []) lines.push(...wrap(plain(note), width, '  '));
  }

  if (report.stale.length) {
    lines.push('', colours.yellow('Stale: expected failures that no run confirmed'));
    for (const line of report.stale) {
      const name = `${placeOf(line)}/${line.implementation} ${line.case}`;
      lines.push(...wrap(plain(`${name}: ${line.reason}`), width, '  '));
    }
  }

  const remarked = report.cells.flatMap((cell) =>
    cell.runs.flatMap((run) => explainRemarks({ ...run, reruns: [] }).map((text) => ({ cell, run, text })))
  );
  if (remarked.length) lines.push('', colours.yellow('Flaky or leaking'));
  for (const { cell, run, text } of remarked.slice(0, mostRemarks)) {
    const name = `${placeOf(cell)}/${cell.implementation} ${cell.case} (${run.chunking})`;
    lines.push(...wrap(plain(`${name}: ${text}`), width, '  '));
  }
  if (remarked.length > mostRemarks) lines.push(`  and ${remarked.length - mostRemarks} more`);

  const again = report.cells
    .flatMap(({ runs }) => runs)
    .filter(({ flaky, leak, reruns }) => reruns && !flaky && leak === undefined);
  if (again.length) {
    const counts = new Map<string, number>();
    for (const why of again.flatMap(({ reruns = [] }) => [...new Set(reruns)]))
      counts.set(why, (counts.get(why) ?? 0) + 1);
    const reasons = [...counts].sort(([, a], [, b]) => b - a);
    const told = reasons.slice(0, mostReasons).map(([why, count]) => `${count} (${why})`);
    if (reasons.length > told.length) told.push(`and for ${reasons.length - told.length} more reasons`);
    lines.push('', ...wrap(plain(`Only run again: ${again.length} runs; ${told.join(', ')}`), width, ''));
  }

  const unexpected = report.cells.filter((cell) => cell.unexpected);
  if (unexpected.length) lines.push('', colours.red('Unexpected'));
  for (const cell of unexpected.slice(0, mostUnexpected)) {
    const run = cell.runs[0];
    const name = `${placeOf(cell)}/${cell.implementation} ${cell.case}`;
    lines.push(...wrap(plain(`${name}${run ? ` (${run.chunking})` : ''}: ${outcomeOf(cell)}`), width, '  '));
    const difference = run?.differences[0];
    if (difference) {
      const { what, expected, observed } = difference;
      const text = `${what}: expected ${cut(expected, 200)}, observed ${cut(observed, 200)}`;
      lines.push(...wrap(plain(text), width, '    '));
    } else if (run?.why) lines.push(...wrap(plain(run.why), width, '    '));
  }
  if (unexpected.length > mostUnexpected) lines.push(`  and ${unexpected.length - mostUnexpected} more`);

  const { line: conclusion, tone } = concludeReport(report);
  lines.push('', { good: colours.green, bad: colours.red, soft: colours.dim }[tone](conclusion));
  return lines.join('\n') + '\n';
}

/** One line without line end, at most `width` characters: done/total, elapsed, columns that are done, each column at work, what it waits for. */
export function renderProgress(progress: Progress, width: number): string {
  const { columns, elapsed, waitingFor } = progress;
  const sum = (key: 'done' | 'total') => columns.reduce((all, column) => all + column[key], 0);
  const parts = [`${sum('done')}/${sum('total')}`, seconds(elapsed)];
  if (progress.repeat) parts.unshift(`repeat ${progress.repeat[0]} of ${progress.repeat[1]}`);
  const ended = columns.filter(({ state }) => state === 'done' || state === 'broken').length;
  if (columns.length > 1) parts.push(`${ended} of ${columns.length} columns`);
  const broken = columns.filter((column) => column.state === 'broken').length;
  if (broken) parts.push(`${broken} broken`);
  for (const column of columns) {
    const { implementation, done, total, state } = column;
    if (state !== 'running' && state !== 'starting') continue;
    parts.push(
      `${plain(placeOf(column))}/${plain(implementation)} ${state === 'starting' ? 'starting' : `${done}/${total}`}`
    );
  }
  const [first, ...others] = waitingFor;
  if (first !== undefined) {
    parts.push(`waiting for ${plain(first)}${others.length ? ` and ${others.length} more` : ''}`);
  }
  return cut(parts.join('  '), width);
}
