import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';
import type { Play } from '../../fixtures-server/stream-script.ts';
import type { Exchange } from './observe.ts';
import type { Finding, Observations, Verdict } from './rule.ts';
import { fixtures, good } from './fixtures.ts';
import { formats } from './formats/index.ts';
import { assertNoFindings, rules, validate, type Result, type ValidateOptions } from './index.ts';
import { renderRules } from './render-rules.ts';

let server: FixturesServer;
let runs = 0;
beforeAll(async () => {
  server = await createFixturesServer({ ports: [0, 0] });
});
afterAll(() => server.close());

async function judge(play: Omit<Play, 'id'>, options: ValidateOptions = {}, query = ''): Promise<Result> {
  const id = `play-${++runs}`;
  server.addCases([{ id, ...play }]);
  const result = await validate(`${server.origins[0]}/sse/validator/${id}${query}`, {
    duration: 300,
    ...options
  }).result;
  return result;
}

/** These look at times or protocols that no quick fixture has: they are held against made-up observations below. */
const byHand = ['H22', 'T11', 'T12', 'T20', 'T21', 'T22', 'S01', 'S02', 'S03', 'S04', 'S05', 'S06'];

const decided = rules.filter(({ judge }) => !('undecided' in judge));

it('every rule that is decided has a fixture', () => {
  expect([...Object.keys(fixtures), ...byHand].toSorted()).toEqual(decided.map(({ id }) => id).toSorted());
});

it('a good server gets no finding at all', async () => {
  const { findings, headline } = await judge(good);
  expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
  expect(headline).toContain('all is well');
});

describe.concurrent.each(Object.entries(fixtures))(
  '%s',
  (id, { broken, sound = good, implied = {}, notes = [], options, query }) => {
    it('is found where it is broken, and nothing else', async () => {
      const { findings, verdicts } = await judge(broken, options, query);
      const found = findings.map(({ rule }) => rule);
      expect(found.toSorted(), JSON.stringify(findings, null, 1)).toEqual(
        [id, ...Object.keys(implied)].toSorted()
      );
      expect(verdicts).toContainEqual({ rule: id, verdict: 'finding' });
    });
    it('is not found where it is not, and nothing else', async () => {
      const { findings } = await judge(sound, options);
      expect(findings.map(({ rule }) => rule)).toEqual(notes);
    });
  }
);

it.each([
  ['R06', 'again', 13],
  ['R07', 'again', 13],
  ['R11', 'again', 13],
  ['R13', 'query-id', 13],
  ['R22', 'first-id', 13]
])('%s: the place is in the answer to %s', { timeout: 15_000 }, async (id, probe, offset) => {
  const result = await judge(fixtures[id]!.broken);
  const finding = result.findings.find(({ rule }) => rule === id)!;
  expect(finding).toMatchObject({ probe, offset });
  for (const format of ['text', 'html', 'markdown', 'junit', 'sarif', 'json']) {
    const report = formats[format]!(result, {
      colour: false,
      width: 100,
      version: '0',
      failOn: 'information'
    });
    expect(report, format).toMatch(
      /sarif|json/.test(format)
        ? `"probe": "${probe}"`
        : new RegExp(`answer to the probe ${probe.replace('-', '.?-')}, byte ${offset}`)
    );
  }
  expect(() => assertNoFindings(result, 'information')).toThrow(
    `of the answer to the probe ${probe}: ${finding.message}`
  );
});

describe('made-up observations', () => {
  const observations = (plain: Partial<Exchange>, url = 'http://127.0.0.1/'): Observations => ({
    url: new URL(url),
    profile: 'plain',
    sentOrigin: 'https://origin.example',
    method: 'GET',
    missing: {},
    plain: {
      head: {
        version: '1.1',
        status: 200,
        reason: 'OK',
        headers: [{ name: 'content-type', value: 'text/event-stream' }],
        at: 0
      },
      sentAt: 0,
      ending: 'time limit',
      ...plain
    } as Exchange
  });
  const check = (id: string, seen: Observations): Verdict['verdict'] => {
    const { judge } = rules.find((rule) => rule.id === id)!;
    if (!('check' in judge)) throw new Error(id);
    return judge.check(seen).verdict;
  };
  const gap = (ms: number, more: Partial<Exchange> = {}) =>
    observations({ longestGap: { from: 0, to: ms }, endedAt: ms, lastByteAt: 0, ...more });

  it('T11: more than 15 s without a byte', () => {
    expect(check('T11', gap(20_000))).toBe('finding');
    expect(check('T11', gap(15_500))).toBe('ok');
    expect(check('T11', gap(2000))).toBe('not observed');
    expect(check('T11', gap(56_000))).toBe('not applicable');
  });
  it('T12: 55 s without a byte, or cut at a round time', () => {
    expect(check('T12', gap(56_000))).toBe('finding');
    expect(check('T12', gap(30_200, { ending: 'cut' }))).toBe('finding');
    expect(check('T12', gap(41_000, { ending: 'cut' }))).toBe('not observed');
    expect(check('T12', gap(20_000, { endedAt: 60_000 }))).toBe('ok');
  });
  it('T23: what had too little time, or no turn, is not counted', () => {
    const { plain } = observations({});
    const waited = (ms: number) =>
      ({
        request: { headers: [] },
        failure: { kind: 'timeout' },
        sentAt: 0,
        endedAt: ms
      }) as unknown as Exchange;
    const afterHead = (ms: number) => check('T23', { ...observations({}), 'after-head': waited(ms) });
    expect([900, 1500, 4000].map(afterHead)).toEqual(['not observed', 'finding', 'not observed']);
    const parallel = (ms: number) => check('T23', { ...observations({}), parallel: [plain!, waited(ms)] });
    expect([200, 1500, 4000].map(parallel)).toEqual(['not observed', 'finding', 'not observed']);
  });
  it('T22: not encrypted', () => {
    expect(check('T22', observations({}, 'http://example.com/'))).toBe('finding');
    expect(check('T22', observations({}, 'https://example.com/'))).toBe('ok');
    expect(check('T22', observations({}, 'http://[::1]:8000/'))).toBe('ok');
  });
});

describe.concurrent('values with line ends', () => {
  /** Serves a stream made of the argument `v`. */
  async function judgeValue(
    make: (value: string) => string,
    later: (value: string) => string = () => ''
  ): Promise<Finding[]> {
    const own = http.createServer((request, response) => {
      const value = new URL(request.url!, 'http://x').searchParams.get('v') ?? 'nothing';
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
        'X-Content-Type-Options': 'nosniff'
      });
      if (request.method !== 'GET') return void response.end();
      const text = make(value);
      if (text === '') response.end();
      else response.write(`retry: 3000\n\n${text}`);
      setTimeout(() => later(value) && response.write(later(value)), 200);
    });
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    const { findings } = await validate(`http://127.0.0.1:${port}/`, {
      duration: 300,
      probes: [],
      inject: 'v'
    }).result;
    own.closeAllConnections();
    own.close();
    return findings;
  }

  const ofInjection = (findings: Finding[]) =>
    findings.map(({ rule }) => rule).filter((id) => id.startsWith('S'));

  it.each([
    ['S01', (value: string) => `id: 1\ndata: ${value.replaceAll('\r', ' ')}\n\n`],
    ['S02', (value: string) => `id: 1\ndata: ${value.replaceAll('\n', '\ndata: ')}\n\n`],
    ['S03', (value: string) => `id: 1\nevent: ${value}\ndata: 1\n\n`],
    ['S04', (value: string) => `id: ${value}\ndata: 1\n\n`],
    ['S05', (value: string) => `: ${value}\nid: 1\ndata: 1\n\n`],
    ['S06', (value: string) => (/[\r\n]/.test(value) ? '' : `id: 1\ndata: ${value}\n\n`)]
  ])('%s', async (id, make) => {
    const findings = await judgeValue(make);
    expect(findings.map(({ rule }) => rule)).toEqual([id]);
    // Where it is in what that probe read; S06 is of no place.
    expect(findings[0]!.probe).toBe(id === 'S06' ? undefined : 'inject');
  });
  it('each place of one stream is told', async () => {
    const all = await judgeValue(
      (value) => `: ${value}\nid: ${value}\nevent: ${value}\ndata: ${value.replaceAll('\n', '\ndata: ')}\n\n`
    );
    expect(ofInjection(all)).toEqual(['S02', 'S03', 'S04', 'S05']);
  });
  it('a place behind the first event is told', async () => {
    const all = await judgeValue(
      (value) => `data: ${JSON.stringify(value)}\n\n`,
      (value) => `id: ${value}\ndata: 1\n\n`
    );
    expect(ofInjection(all)).toEqual(['S04']);
  });
  it.each([
    ['split', (value: string) => `id: 1\ndata: ${value.replaceAll(/[\r\n]/g, '\ndata: ')}\n\n`],
    ['as JSON', (value: string) => `id: 1\ndata: ${JSON.stringify(value)}\n\n`],
    ['not in the stream', () => 'id: 1\ndata: 1\n\n']
  ])('none where they are %s', async (_, make) => {
    expect(await judgeValue(make)).toEqual([]);
  });
});

describe('the list of README.md', () => {
  it('is that of the rules', () => {
    const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
    expect(readme, 'run node conformance/validator/readme.ts').toContain(
      `<!-- rules -->\n\n${renderRules()}\n<!-- /rules -->`
    );
  });
  it('has unique ids and names, advice and sources', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    for (const { advice, source, title, kinds } of rules) {
      expect(advice).toMatch(/^[A-Z].*\.$/);
      expect(title).not.toMatch(/\.$/);
      expect(source).not.toBe('');
      expect(kinds.length).toBeGreaterThan(0);
    }
  });
});
