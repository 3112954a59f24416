import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCases } from '../load-cases.ts';
import { behaviours } from './clients.ts';
import { lint, validate, type ValidateOptions } from './index.ts';
import measured from './measured.json' with { type: 'json' };
import { measureNatives } from './measured.ts';
import { head, judge, serve } from './raw-server.ts';

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

/** What no server of event streams has to do with, or the validator does not read. */
const beyondServers: Record<string, string> = {
  'redirect-is-followed-although-its-body-never-ends': 'of the body of a redirect',
  'data-url-is-read': 'of data: URLs',
  'data-url-in-base64-is-read': 'of data: URLs',
  'fragment-of-a-data-url-is-no-data': 'of data: URLs',
  'blob-url-is-read': 'of blob: URLs'
};

it('whatever browsers make of a stream in their own way is a behaviour', () => {
  const [, deviations = ''] = readFileSync(new URL('../NATIVES.md', import.meta.url), 'utf8').split(
    '<!-- deviations -->'
  );
  const ofStreams = deviations
    .split('\n- **')
    .slice(1)
    .filter((entry) =>
      /^ {2}- (chromium|firefox|webkitgtk)(?: in [^:]*)?: .*`(events\[|requests)/m.test(entry)
    )
    .map((entry) => entry.split('**', 1)[0]!);
  expect(ofStreams.length).toBeGreaterThan(40);
  const named = behaviours.flatMap(({ cases }) => cases);
  expect(ofStreams.filter((id) => !named.includes(id))).toEqual(Object.keys(beyondServers));
});

describe('of an answer, each family', { concurrent: true }, () => {
  const good = 'retry: 3000\n\nid: 1\ndata: 1\n\n';
  const all = /./;
  const type = (value: string) => head.replace('text/event-stream', value);
  const encodedAs = (coding: string) => `${head}Content-Encoding: ${coding}\r\n`;
  const lengths = `${head}Content-Length: 9\r\nContent-Length: 18\r\n`;
  const allow = (headers: string) => `${head}Access-Control-Allow-${headers}\r\n`;
  const meant = { origin: 'https://app.example', probes: ['origin-request'] } satisfies ValidateOptions;
  it.each<[string, [RegExp, string | RegExp][], ValidateOptions?]>([
    [
      lengths,
      [
        [
          /standard/,
          'nothing: with such a Content-Length the answer is to be discarded; reconnects after a time of its own'
        ],
        [/Chromium|Firefox/, 'the same'],
        [/WebKit/, 'reads the stream, to the end of the connection']
      ]
    ],
    [
      `${head}Content-Length: -9\r\n`,
      [
        [/standard/, /^nothing: with such/],
        [/Firefox/, 'none']
      ]
    ],
    [
      head,
      [
        [
          /standard/,
          /^nothing in pages of "https:..app.example", which may not read it; elsewhere 1 event; /
        ],
        [/Chromium/, 'the same']
      ],
      meant
    ],
    [
      allow('Origin: *, https://app.example'),
      [[/standard/, /^nothing in pages of other origins, which/]],
      { probes: ['origin-request'] }
    ],
    [
      allow('Origin: *\r\nAccess-Control-Allow-Credentials: true'),
      [[/standard/, /^nothing in pages of "https:..app.example" that send credentials, /]],
      meant
    ],
    [
      type('text/event-stream foo'),
      [
        [/standard/, 'nothing: the connection fails for good'],
        [/Chromium|Firefox|WebKit/, 'opens it, and reads the stream'],
        [/^eventsource/, 'the same']
      ]
    ],
    [
      type('text/event-stream, text/html'),
      [
        [/standard/, /^nothing/],
        [/WebKit/, /^opens it/],
        [/Chromium/, 'the same']
      ]
    ],
    [
      type('text/plain, text/event-stream'),
      [
        [/standard/, /^1 event/],
        [/WebKit/, /^fails the connection/],
        [/Chromium|Firefox/, 'the same']
      ]
    ],
    [
      type('text/html'),
      [
        [/standard/, 'nothing: the connection fails for good'],
        [/WebKit/, 'none']
      ]
    ],
    [
      'HTTP/1.1 404 Not Found\r\n',
      [
        [/standard/, 'nothing: the connection fails for good'],
        [/WebKit/, 'none']
      ]
    ],
    [
      'HTTP/1.1 201 Created\r\nContent-Type: text/event-stream\r\n',
      [[/standard/, 'nothing: the connection fails for good']]
    ],
    ['HTTP/1.1 204 No Content\r\n', [[/standard/, /^nothing, and the end/]]],
    [
      encodedAs('gzip'),
      [
        [/standard/, /^no event; reconnects/],
        [/WebKit/, /reads what is not gzip as it is/],
        [/Chromium|Firefox/, 'the same']
      ]
    ],
    [encodedAs('x-new'), [[all, 'none']]],
    [
      `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n:x`,
      [
        [/Firefox/, /skips what a chunk has too much/],
        [/Chromium|WebKit/, 'the same']
      ]
    ]
  ])('%j', async (answer, expected, options = { probes: [] }) => {
    const { clients } = await judge((socket) => socket.end(`${answer}\r\n${good}`), options);
    for (const [family, says] of expected) {
      const views = clients.filter((client) => family.test(client.family));
      if (says === 'none') expect(views).toEqual([]);
      else expect(views).not.toEqual([]);
      for (const view of views) {
        if (typeof says === 'string') expect(view.says, view.family).toBe(says);
        else expect(view.says, view.family).toMatch(says);
      }
    }
  });

  it('Chromium fetches no URL with a password', async () => {
    const address = new URL(await serve((socket) => socket.end(`${head}\r\n${good}`)));
    address.password = 'x';
    const { clients } = await validate(address, { probes: [] }).result;
    const says = Object.fromEntries(clients.map((client) => [client.family.split(' ')[0], client.says]));
    expect(says).toMatchObject({
      Chromium: expect.stringContaining('does not fetch') as string,
      Firefox: 'the same'
    });
  });

  it('a redirect may lead where pages cannot read', async () => {
    const target = await serve((socket) => socket.end(`${head}\r\n${good}`));
    const { clients } = await judge(
      (socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target}\r\n\r\n`),
      {
        probes: ['origin-request']
      }
    );
    expect(clients[0]!.says).toMatch(
      /^nothing in pages of "http:..127.0.0.1:\d+", which may not read it; elsewhere 1 event/
    );
  });
});

it.each<[string, Record<string, string | RegExp>]>([
  ['event: a\0b\ndata: 1\n\n', { Firefox: /event type with U\+0000/, Chromium: 'the same' }],
  ['data: a\n\0\ndata: b\n\n', { Firefox: /line of U\+0000/, Chromium: 'the same' }],
  [
    'retry: 1200\nretry:\ndata: 1\n\n',
    {
      Chromium: /waits 3 s or so after the empty retry/,
      WebKitGTK: /waits 3 s or so after the empty retry/,
      Firefox: /waits 0.5 s or so after the empty retry/,
      eventsource: 'the same'
    }
  ],
  ['retry\nretry: 1200\ndata: 1\n\n', { Chromium: 'the same', Firefox: 'the same' }],
  [
    'retry: x\nretry: +5\n\ndata: 1\n\n',
    { WebKitGTK: /takes the retry that the standard ignores/, Firefox: 'the same' }
  ],
  ['retry: 10\0\ndata: 1\n\n', { Firefox: /takes the retry with U\+0000/, WebKitGTK: 'the same' }],
  [
    `retry: ${'9'.repeat(400)}\ndata: 1\n\n`,
    { Chromium: /comes back early/, WebKitGTK: /comes back early/, Firefox: 'the same' }
  ],
  ['\xff\xfedata: 1\n\n', { WebKitGTK: /byte order mark of UTF-16/, Firefox: 'the same' }]
])('says who reads it otherwise: %j', async (text, expected) => {
  const { clients } = await lint(Buffer.from(text, 'latin1'));
  const says = Object.fromEntries(clients.map((client) => [client.family.split(' ')[0], client.says]));
  for (const [family, what] of Object.entries(expected)) {
    if (typeof what === 'string') expect(says[family], family).toBe(what);
    else expect(says[family], family).toMatch(what);
  }
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
