import type { Report } from '../report.ts';

/** The report as JSON (report.schema.json). Lone surrogates and control characters are written as \u escapes, so the text is valid in any encoding of Unicode. */
export function renderJson(report: Report): string {
  return JSON.stringify(report, null, 1) + '\n';
}
