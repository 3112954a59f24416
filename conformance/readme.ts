import { readFile } from 'node:fs/promises';
import { renderMarkdown } from './reports/markdown.ts';
import type { Report } from './report.ts';
import { writeBetweenMarks } from './write-between-marks.ts';

// Writes the table of results of report.json between the marks of README.md.
const report = JSON.parse(await readFile('report.json', 'utf8')) as Report;
await writeBetweenMarks(new URL('../README.md', import.meta.url), { results: renderMarkdown(report) });
