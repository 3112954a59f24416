import type { Result } from '../result.ts';
import { quote } from '../rule.ts';
import { hex, printable } from './printable.ts';
import { placeOf, summaryOf, unobservedOf } from './text.ts';

/** A span in which GitHub finds no markup, mention or reference; in a table `|` ends a cell also there. */
function code(text: string, isCell: boolean): string {
  const all = printable(text);
  const shown = isCell ? all.replaceAll('|', '\\|') : all;
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  const space = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return shown === '' ? '' : fence + space + shown + space + fence;
}

/** What is quoted of the server, and what GitHub would take for a mention or a reference, as code; else text of which no character is markup. */
function plain(text: string, isCell = false): string {
  return text
    .split(/("(?:[^"\\]|\\.)*"|[^\s\\|]*[@#][^\s\\|]*)/)
    .map((part, index) =>
      index % 2 === 1
        ? code(part, isCell)
        : printable(part).replace(/[\\`*_{}[\]()#+.!|<>~&:@-]/g, (character) => `\\${character}`)
    )
    .join('');
}

function list(title: string, items: string[]): string[] {
  return items.length === 0 ? [] : ['', `### ${title}`, '', ...items.map((item) => `- ${plain(item)}`)];
}

/** For a pull request or an issue. */
export function renderMarkdown(result: Result): string {
  const rows = result.findings.map((finding) => {
    const { source, excerpt } = finding;
    const bytes = excerpt ? `<br>${code(quote(excerpt, 80), true)}<br>${hex(excerpt.slice(0, 24))}` : '';
    const cells = [
      finding.severity,
      `${finding.rule} ${plain(finding.name, true)}`,
      finding.kinds.join(', '),
      plain(placeOf(finding), true),
      plain(finding.message, true) + bytes,
      `${plain(finding.advice, true)} ${source.startsWith('https://') ? `[clause](${source})` : plain(`(${source})`, true)}`
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const table =
    rows.length > 0
      ? [
          '',
          '| severity | rule | kind | place | what | advice |',
          '| --- | --- | --- | --- | --- | --- |',
          ...rows
        ]
      : [];
  return [
    `## ${code(result.subject, false)}`,
    '',
    `**${plain(result.headline)}** ${plain(summaryOf(result))}`,
    ...table,
    ...list(
      'What arrives',
      result.clients.map(({ family, says }) => `${family}: ${says}`)
    ),
    ...list('Not observed', unobservedOf(result)),
    ''
  ].join('\n');
}
