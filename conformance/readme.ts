import { readFile, writeFile } from 'node:fs/promises';
import { renderMarkdown } from './reports/markdown.ts';
import type { Report } from './report.ts';

// Writes the table of results of report.json between the marks of README.md.
const readme = await readFile('README.md', 'utf8');
const report = JSON.parse(await readFile('report.json', 'utf8')) as Report;
const marks = /(<!-- results -->)[^]*(<!-- \/results -->)/;
if (!marks.test(readme)) throw new Error('README.md has no results marks');
await writeFile(
  'README.md',
  readme.replace(marks, (_, start: string, end: string) => `${start}\n\n${renderMarkdown(report)}\n${end}`)
);
