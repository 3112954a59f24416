import { readFile } from 'node:fs/promises';
import type { Report } from './report.ts';
import { readReport } from './reports/comparison.ts';
import {
  checkJudgements,
  findDeviations,
  renderDeviations,
  renderNatives,
  renderPackages
} from './reports/natives.ts';
import type { Judgement } from './reports/natives.ts';
import { writeBetweenMarks } from './write-between-marks.ts';

// Writes the results of reports between the marks of NATIVES.md, unless natives.json judges other deviations than they have.
const files = process.argv.length > 2 ? process.argv.slice(2) : ['report.json'];
const reports = await Promise.all(files.map(async (file) => readReport(await readFile(file, 'utf8'))));
const report: Report = {
  ...reports[0]!,
  columns: reports.flatMap(({ columns }) => columns),
  cells: reports.flatMap(({ cells }) => cells)
};
const judgements = JSON.parse(
  await readFile(new URL('natives.json', import.meta.url), 'utf8')
) as Judgement[];
const problems = checkJudgements(findDeviations(report), judgements);
if (problems.length > 0) {
  throw new Error(`natives.json does not fit ${files.join(', ')}:\n${problems.join('\n')}`);
}

await writeBetweenMarks(new URL('NATIVES.md', import.meta.url), {
  results: renderNatives(report),
  deviations: renderDeviations(report, judgements),
  packages: renderPackages(report)
});
