import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadCases } from '../load-cases.ts';
import { departures } from './clients.ts';
import { lint } from './index.ts';

async function viewOf(text: string, family: RegExp): Promise<string | undefined> {
  const { clients } = await lint(Buffer.from(text));
  return clients.find((client) => family.test(client.family))?.says;
}

it('each departure names cases of the suite', () => {
  const ids = loadCases(fileURLToPath(new URL('../cases', import.meta.url))).map(({ id }) => id);
  for (const { cases } of departures) {
    expect(cases.length).toBeGreaterThan(0);
    for (const id of cases) expect(ids).toContain(id);
  }
});

it('says what arrives by the standard, and where others differ', async () => {
  const good = 'retry: 3000\n\nid: 1\ndata: 1\n\ndata: 2\n\n';
  expect(await viewOf(good, /standard/)).toBe('2 events; reconnects after 3000 ms, with Last-Event-ID "1"');
  for (const family of [/Chromium/, /Firefox/, /WebKit/, /fetch/])
    expect(await viewOf(good, family)).toBe('the same');
  expect(await viewOf(`\ufeff${good}`, /WebKit/)).toContain('first line is lost');
  expect(await viewOf(`\ufeff${good}`, /Chromium/)).toBe('the same');
  expect(await viewOf('id: 1\n\ndata: 1\n\n', /Firefox/)).toContain('forgets the id');
  expect(await viewOf('id: 1\ndata:x\r\r', /fetch/)).toMatch(/CR.*colons without a space|colons.*CR/);
});
