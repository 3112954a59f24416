import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadCases } from '../load-cases.ts';
import { behaviours } from './clients.ts';
import { lint } from './index.ts';
import measured from './measured.json' with { type: 'json' };
import { measureNatives } from './measured.ts';

async function viewOf(text: string, family: RegExp): Promise<string | undefined> {
  const { clients } = await lint(Buffer.from(text));
  return clients.find((client) => family.test(client.family))?.says;
}

it('each behaviour names cases of the suite', () => {
  const ids = loadCases(fileURLToPath(new URL('../cases', import.meta.url))).map(({ id }) => id);
  for (const { cases } of behaviours) {
    expect(cases.length).toBeGreaterThan(0);
    for (const id of cases) expect(ids).toContain(id);
  }
});

it('the browsers are as NATIVES.md has them, and packages were measured too', () => {
  const browsers = measureNatives(readFileSync(new URL('../NATIVES.md', import.meta.url), 'utf8'));
  expect(measured.slice(0, browsers.length), 'run measured.ts').toEqual(browsers);
  expect(measured.length).toBeGreaterThan(browsers.length);
  for (const { fails } of browsers) expect(fails.length).toBeGreaterThan(0);
});

it('says what arrives by the standard, and where others differ', async () => {
  const good = 'retry: 3000\n\nid: 1\ndata: 1\n\ndata: 2\n\n';
  expect(await viewOf(good, /standard/)).toBe('2 events; reconnects after 3000 ms, with Last-Event-ID "1"');
  for (const family of [/Chromium/, /Firefox/, /WebKit/, /^eventsource/, /^extended-eventsource/])
    expect(await viewOf(good, family)).toBe('the same');
  expect(await viewOf(`\ufeff${good}`, /WebKit/)).toContain('first line is lost');
  expect(await viewOf(`\ufeff${good}`, /Chromium/)).toBe('the same');
  expect(await viewOf('id: 1\n\ndata: 1\n\n', /Firefox/)).toContain('forgets the id');
  expect(await viewOf('id: 1\r\ndata: x\r\n\r\n', /^extended-eventsource/)).toContain('CRLF');
  expect(await viewOf('id: 1\r\ndata: x\r\n\r\n', /^eventsource/)).toBe('the same');
});
