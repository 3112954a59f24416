import type { Report } from '../report.ts';

/**
 * The report as JSON (report.schema.json), a line per column, case and cell. Lone surrogates and control characters are written as \u
 * escapes, so the text is valid in any encoding of Unicode.
 */
export function renderJson(report: Report): string {
  const members = Object.entries(report).map(([name, value]) => {
    const text = Array.isArray(value)
      ? `[\n${value.map((item) => JSON.stringify(item)).join(',\n')}\n]`
      : JSON.stringify(value);
    return `${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${members.join(',\n')}\n}\n`;
}
