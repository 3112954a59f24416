import { expect, it } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { hostile, sampleReport } from './sample-report.ts';

it('gives a table of columns by sections, then the expected failures', () => {
  const lines = renderMarkdown(sampleReport()).split('\n');
  expect(lines[0]).toBe(
    '| Engine | EventSource | parsing | fields | dispatching | connecting | reconnecting | interface | failed | expected failures |'
  );
  expect(lines[2]).toBe(
    '| chromium \\(140.0.1\\) | native | 2/4 | 3/3 | 3/3 | 4/4 | 4/4 | 4/4 | 2 (1 leaking) | 0 |'
  );
  expect(lines[3]).toContain('| truesource-fetch | 4/4 | 1/3 | ');
  expect(lines.find((line) => line.startsWith('| webkitgtk'))).toBe(
    '| webkitgtk | native (not installed) | – | – | – | – | – | – | – | – |'
  );
  expect(
    lines.filter((line) => line.includes(' **sample-case-5** (chromium truesource-fetch, '))
  ).toHaveLength(1);
  expect(renderMarkdown(sampleReport())).toContain(
    '[dom-event-istrusted](<https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-event-istrusted>)'
  );
});

it('keeps hostile text inert', () => {
  const report = sampleReport();
  for (const column of report.columns) column.version = hostile;
  const text = renderMarkdown(report);
  expect(text).not.toMatch(/[\p{Cf}\p{Cs}\u2028]|(?!\n)\p{Cc}/u);
  expect(text).not.toMatch(/(?<!\\)<(?!https:)/);
  expect(text).not.toMatch(/(?<!\\)`/);
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  expect(new Set(rows.map((row) => row.match(/(?<!\\)\|/g)?.length))).toEqual(new Set([11]));
});
