import type { Result } from '../result.ts';
import { printable } from './printable.ts';
import { placeOf, summaryOf } from './text.ts';

/** Text of which no character is markup. */
function plain(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]()#+.!|<>~&:@-]/g, (character) => `\\${character}`);
}

/** For a pull request or an issue. */
export function renderMarkdown(result: Result): string {
  const rows = result.findings.map((finding) => {
    const cells = [
      finding.severity,
      `${finding.rule} ${plain(finding.name)}`,
      finding.kinds.join(', '),
      plain(placeOf(finding)),
      plain(finding.message),
      plain(finding.advice)
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
  const clients = result.clients.map(({ family, says }) => `- ${plain(`${family}: ${says}`)}`);
  return [
    `## ${plain(result.subject)}`,
    '',
    `**${plain(result.headline)}** ${plain(summaryOf(result))}`,
    ...table,
    ...(clients.length > 0 ? ['', ...clients] : []),
    ''
  ].join('\n');
}
