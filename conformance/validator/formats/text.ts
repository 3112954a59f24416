import pc from 'picocolors';
import { plural, quote, severities, type Finding, type Severity } from '../rule.ts';
import type { Result } from '../result.ts';
import { hex, printable } from './printable.ts';

export interface TextOptions {
  colour: boolean;
  width: number;
}

const names: Record<Severity, string> = { error: 'error', warning: 'warning', information: 'note' };

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Where a finding is: answer, byte, line and time. */
export function placeOf({ probe, offset, line, at, times }: Finding): string {
  return [
    ...(probe === undefined ? [] : [`answer to the probe ${probe}`]),
    ...(offset === undefined ? [] : [`byte ${offset}`]),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(at === undefined ? [] : [seconds(at)]),
    ...(times > 1 ? [`${times} times`] : [])
  ].join(', ');
}

/** One line as a finding comes. */
export function renderLine(finding: Finding, at: number, { colour, width }: TextOptions): string {
  const text = printable(finding.message);
  const start = `${seconds(at).padStart(9)}  `;
  const name = names[finding.severity].padEnd(8);
  const room = Math.max(20, width - start.length - name.length - 6);
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return `${start}${paint(finding.severity, name, colour)} ${finding.rule}  ${shown}\n`;
}

function paint(severity: Severity, text: string, colour: boolean): string {
  const colours = pc.createColors(colour);
  if (severity === 'error') return colours.bold(colours.red(text));
  return severity === 'warning' ? colours.bold(colours.yellow(text)) : colours.cyan(text);
}

/** How many of each severity, and what was looked at. */
export function summaryOf({ counts, stream, requests, duration }: Result): string {
  const found = severities.map((severity) => plural(counts[severity], names[severity]));
  const read = stream
    ? [
        `${plural(stream.bytes, 'byte')}, ${plural(stream.lines, 'line')}, ${plural(stream.events, 'event')}, ${plural(stream.comments, 'comment')}`
      ]
    : [];
  const asked =
    requests.length > 0 ? [`${plural(requests.length, 'request')} in ${(duration / 1000).toFixed(1)} s`] : [];
  return [found.join(', '), ...read, ...asked].join('; ');
}

/** The rules that were not observed, and what each would have needed; of no answer nothing. */
export function unobservedOf({ verdicts, failure }: Result): string[] {
  const unobserved = new Map<string, string[]>();
  for (const verdict of failure ? [] : verdicts) {
    if (verdict.verdict === 'not observed') {
      unobserved.set(verdict.needed, [...(unobserved.get(verdict.needed) ?? []), verdict.rule]);
    }
  }
  return [...unobserved].map(([needed, ids]) => `${ids.join(' ')}: needs ${needed}`);
}

/** The report for people: errors and warnings with their place and bytes, notes in short, then what could not be observed. */
export function renderText(result: Result, options: TextOptions): string {
  const colours = pc.createColors(options.colour);
  const width = Math.max(60, options.width);
  const lines = [
    colours.bold(printable(result.subject)),
    '',
    colours.bold(wrap(printable(result.headline), width, '')),
    ...(result.failure ? [] : [summaryOf(result)])
  ];
  const serious = result.findings.filter(({ severity }) => severity !== 'information');
  const notes = result.findings.filter(({ severity }) => severity === 'information');
  for (const finding of serious) {
    const place = placeOf(finding);
    lines.push(
      '',
      `${paint(finding.severity, finding.severity, options.colour)} ${colours.bold(finding.rule)} ${finding.name} (${finding.kinds.join(', ')})${place && `  ${colours.dim(place)}`}`,
      wrap(printable(`${finding.message}.`), width, '  ')
    );
    if (finding.excerpt) {
      lines.push(
        `  ${quote(finding.excerpt, 80)}`,
        colours.dim(wrap(hex(finding.excerpt.slice(0, 24)), width, '  '))
      );
    }
    lines.push(wrap(`→ ${finding.advice}`, width, '  '), colours.dim(`  ${finding.source}`));
  }
  if (notes.length > 0) lines.push('', colours.bold('Notes'));
  for (const note of notes) {
    const place = placeOf({ ...note, at: undefined as never });
    lines.push(
      `  ${colours.cyan(note.rule)} ${note.name} (${note.kinds.join(', ')})${place && `  ${colours.dim(place)}`}`,
      wrap(printable(`${note.message}. → ${note.advice}`), width, '      ')
    );
  }
  if (result.clients.length > 0) lines.push('', colours.bold('What arrives'));
  for (const { family, says } of result.clients) {
    lines.push(wrap(printable(`${family}: ${says}`), width, '  '));
  }
  const unobserved = unobservedOf(result);
  if (unobserved.length > 0) lines.push('', colours.bold('Not observed'));
  for (const what of unobserved) lines.push(wrap(printable(what), width, '  '));
  return `${lines.join('\n')}\n`;
}
