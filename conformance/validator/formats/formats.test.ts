import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { JSDOM } from 'jsdom';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { lint, type Result } from '../index.ts';
import { formats, type FormatOptions } from './index.ts';

/** Everything that could mean something to a terminal, to markup or to a field, where a server puts its text. */
const hostile = '\x1b[31m</script><b>&"\'|`*_[x](y)]]>\u202e\u2028\u0007\x9b2J é';
const options: FormatOptions = { colour: false, width: 100, version: '0.0.0', failOn: 'error' };

let result: Result;
let failed: Result;
beforeAll(async () => {
  result = await lint(
    Buffer.from(
      `\ufeffevent: error\ndata: ${hostile}\n\n${hostile}\nid: ${hostile}\ndata: 1\n\nretry: ${hostile}\n\nData: 1\n\ndata:2\n\ndata: end`
    ),
    { subject: hostile }
  );
  failed = {
    ...result,
    findings: [],
    counts: { error: 0, warning: 0, information: 0 },
    failure: { kind: 'garbage', message: hostile },
    headline: `Could not connect (garbage): ${hostile}.`
  };
});

function each(format: string): string[] {
  return [formats[format]!(result, options), formats[format]!(failed, options)];
}

it.each(['text', 'markdown', 'junit', 'sarif', 'html', 'json'])(
  '%s: no text of the server steers anything',
  (format) => {
    for (const text of each(format)) {
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]/);
      expect(text.length).toBeGreaterThan(100);
    }
  }
);

it('markdown: a row per finding, with the cells of the header', () => {
  const [text] = each('markdown');
  const rows = text!.split('\n').filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(result.findings.length + 2);
  for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(7);
});

it('markdown: text of a server is in code spans, where GitHub finds no mention and no reference', async () => {
  const text = 'id: @ann`|``\n\nevent: #181\n\ndata: [object Object]\n\n@ann #181 GH-181\n\n';
  const report = formats.markdown!(await lint(Buffer.from(text), { subject: '@ann' }), options);
  const bare = report.replace(/(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '');
  expect(report).toContain('@ann');
  expect(report).toContain('#181');
  expect(bare).not.toMatch(/@ann|#181|GH-181/);
});

it('markdown and html have what text has: the bytes, the source of each finding, and what was not observed', () => {
  const [text] = each('text');
  const needs = text!.match(/needs a live connection/g);
  expect(needs).toHaveLength(1);
  for (const format of ['markdown', 'html']) {
    const [report] = each(format);
    expect(report!.match(/needs a live connection/g)).toHaveLength(1);
    expect(report).toContain('44 61 74 61 3a 20 31');
    for (const { source } of result.findings) {
      if (source.startsWith('https://')) expect(report).toContain(source);
    }
  }
});

it('html: no element, attribute or address but our own', () => {
  for (const text of each('html')) {
    const { document } = new JSDOM(text).window;
    const names = new Set([...document.querySelectorAll('body *')].map(({ localName }) => localName));
    expect(
      [...names].filter(
        (name) => !['p', 'h1', 'h2', 'article', 'small', 'pre', 'a', 'ul', 'li'].includes(name)
      )
    ).toEqual([]);
    expect(document.title).toContain('</script>');
    for (const link of document.querySelectorAll('a')) expect(link.href).toMatch(/^https:\/\//);
  }
});

describe('junit', () => {
  it('is valid by the schema', async () => {
    const schema = readFileSync(new URL('../../reports/junit.xsd', import.meta.url), 'utf8');
    for (const xml of each('junit')) expect((await validateXML({ xml, schema })).errors).toEqual([]);
  });

  it('has the numbers of what it holds', () => {
    for (const text of each('junit')) {
      const document = new new JSDOM('').window.DOMParser().parseFromString(text, 'application/xml');
      const suite = document.querySelector('testsuite')!;
      for (const [attribute, element] of [
        ['tests', 'testcase'],
        ['failures', 'failure'],
        ['errors', 'error'],
        ['skipped', 'skipped']
      ]) {
        expect(Number(suite.getAttribute(attribute!)), attribute).toBe(
          suite.querySelectorAll(element!).length
        );
      }
    }
    const failures = formats.junit!(result, options).match(/<failure /g);
    expect(failures).toHaveLength(result.counts.error);
  });
});

it('sarif: valid by the schema of 2.1.0', () => {
  const schema = JSON.parse(
    readFileSync(
      createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'),
      'utf8'
    )
  ) as Record<string, unknown>;
  // Draft 04, of which it uses nothing that later drafts changed but the names of these.
  delete schema.$schema;
  delete schema.id;
  const isValid = addFormats(new Ajv({ strict: false, unicodeRegExp: false })).compile(schema);
  const addresses = ['http://[::1]:8000/a|b[c]^%/?q[]={1}|%zz#a#b', '/a%41 b?#[c]:/d'].map((subject) =>
    formats.sarif!({ ...result, subject }, options)
  );
  for (const text of [...each('sarif'), ...addresses]) {
    const log = JSON.parse(text) as { runs: [{ results: unknown[] }] };
    expect(isValid(log), JSON.stringify(isValid.errors)).toBe(true);
  }
  const [text] = each('sarif');
  expect((JSON.parse(text!) as { runs: [{ results: unknown[] }] }).runs[0].results).toHaveLength(
    result.findings.length
  );
});

it('sarif: no text of the server is a link', () => {
  for (const text of each('sarif')) {
    expect(text).toContain('[x] (y)');
    expect(text).not.toContain('](');
  }
});

it('text: errors first, the headline before them, a line no longer than the terminal but for addresses and bytes', () => {
  const [text] = each('text');
  const lines = text!.split('\n');
  expect(lines[2]).toContain('clients lose events');
  const order = lines.flatMap((line) => /^(error|warning|Notes)/.exec(line)?.[1] ?? []);
  expect(order).toEqual([
    ...Array<string>(result.counts.error).fill('error'),
    ...Array<string>(result.counts.warning).fill('warning'),
    'Notes'
  ]);
});
