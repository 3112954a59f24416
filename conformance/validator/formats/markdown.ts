import type { Result } from '../result.ts';
import { quote } from '../rule.ts';
import { hex, printable } from './printable.ts';
import { placeOf, summaryOf, unobservedOf } from './text.ts';

/** Text of which no character is markup. */
function plain(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]()#+.!|<>~&:@-]/g, (character) => `\\${character}`);
}

function list(title: string, items: string[]): string[] {
  return items.length === 0 ? [] : ['', `### ${title}`, '', ...items.map((item) => `- ${plain(item)}`)];
}

/** For a pull request or an issue. */
export function renderMarkdown(result: Result): string {
  const rows = result.findings.map((finding) => {
    const { source, excerpt } = finding;
    const bytes = excerpt ? `<br>${plain(quote(excerpt, 80))}<br>${hex(excerpt.slice(0, 24))}` : '';
    const cells = [
      finding.severity,
      `${finding.rule} ${plain(finding.name)}`,
      finding.kinds.join(', '),
      plain(placeOf(finding)),
      plain(finding.message) + bytes,
      `${plain(finding.advice)} ${source.startsWith('https://') ? `[clause](${source})` : plain(`(${source})`)}`
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
    `## ${plain(result.subject)}`,
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
