import type { Socket } from 'node:net';
import zlib, { constants, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { validate, type ValidateOptions } from './index.ts';
import { found, head, judge, repeat, serve } from './raw-server.ts';

it('a list that is sent again and again, whose last item is done, is polled: a note', async () => {
  const { findings } = await judge(
    (socket) => socket.end(`${head}\r\ndata: {"id":1,"done":false}\n\ndata: {"id":2,"done":true}\n\n`),
    { probes: ['again'] }
  );
  expect(findings.find(({ rule }) => rule === 'R21')).toMatchObject({
    severity: 'information',
    message: expect.stringMatching(/unless pages close on the last event$/) as string
  });
  expect(findings.map(({ rule }) => rule)).not.toContain('H12');
});

it('the headline of a stream that is polled names the interval', async () => {
  const { headline } = await judge((socket) => socket.end(`${head}\r\nretry: 300\ndata: 1\n\n`), {
    probes: ['again']
  });
  expect(headline).toMatch(/; the stream ends at once, and each client asks again every 0\.3 s\.$/);
});

it.concurrent.each([
  ['retry: 10\n', 'error'],
  ['retry: 1000\n\nretry: 10\n\n', 'error'],
  ['retry: 1000\nevent: a\nid: 1\nretry: 10\n', 'error'],
  ['retry: 1000\ndata: hello\n\nretry: 10\nevent: close\n', 'warning'],
  ['data: hello\nretry: 1000\n\nevent: close\nretry: 10\n', 'warning']
])('a retry of nothing, in %j', async (text, severity) => {
  const { findings } = await judge((socket) => socket.write(`${head}\r\n${text}data: 1\n\n`), {
    duration: 300,
    probes: []
  });
  expect(findings.find(({ rule }) => rule === 'R16')).toMatchObject({
    severity,
    message:
      '"retry: 10": each time the connection ends, or none is to be had, clients ask again after 10 ms, or as soon as they allow'
  });
});

it.concurrent.each([
  ['data: 1\n ', /, and no blank line: what looks so has spaces or tabs$/],
  ['data: 1\\n\\n', /, and no blank line: the lines end with the two characters \\n$/],
  ['data: 1\nid: 1', /, and no blank line$/]
])('F02: of %j', async (lines, message) => {
  const { findings } = await judge((socket) => repeat(socket, () => `${lines}\n`), {
    duration: 1700,
    probes: []
  });
  expect(findings[0]).toMatchObject({ rule: 'F02', message: expect.stringMatching(message) as string });
});

it.concurrent('ids that are empty are none', async () => {
  const result = await judge((socket) => socket.write(`${head}\r\nid:\ndata: 1\n\nid: \ndata: 2\n\n`), {
    duration: 300,
    probes: []
  });
  expect(found(result)).toContain('R24');
});

it.concurrent('that clients poll comes before the cookie that each answer sets', async () => {
  let n = 0;
  const result = await judge(
    (socket) => socket.end(`${head}Set-Cookie: sid=${n++}\r\n\r\nid: 1\ndata: 1\n\n`),
    { probes: ['again'] }
  );
  expect(found(result).slice(0, 2)).toEqual(['R21', 'H23']);
});

describe('a compressor that is not flushed', { concurrent: true }, () => {
  const answer = (every: number, ids: boolean) => (socket: Socket, request: string) => {
    const isZipped = /\r\nAccept-Encoding: gzip/.test(request);
    socket.write(`${head}${isZipped ? 'Content-Encoding: gzip\r\n' : ''}\r\n`);
    let n = 0;
    const timer = setInterval(() => {
      if (!isZipped) socket.write(`${ids ? `id: ${n}\n` : ''}data: ${n}\n\n`);
      else if (n === 0) socket.write(gzipSync('').subarray(0, 10));
      n++;
    }, every);
    socket.on('close', () => clearInterval(timer));
  };
  it.each([
    [1000, false],
    [1000, true],
    [500, false],
    [500, true]
  ])('is found with an event every %i ms, ids: %s', { timeout: 10_000 }, async (every, ids) => {
    const { findings, duration } = await judge(answer(every, ids));
    expect(findings.find(({ rule }) => rule === 'T04')?.severity).toMatch(/error|warning/);
    expect(duration).toBeLessThan(5000);
  });
  it(
    'makes no stream of which all is well, where an event comes too seldom to tell',
    { timeout: 10_000 },
    async () => {
      const { findings, headline, verdicts } = await judge(answer(1700, true));
      expect(findings.map(({ rule }) => rule)).not.toContain('T04');
      expect(headline).toMatch(/; compressed, nothing came in the time there was\.$/);
      expect(JSON.stringify(verdicts.find(({ rule }) => rule === 'T04'))).toContain('--duration');
    }
  );
});

it.concurrent.each([
  ['of which not all is there yet', '"b"'],
  ['of more bytes than a line may have', 'x'.repeat(5 * 1024 * 1024)]
])('JSON with line feeds, %s, is not a stream without line feeds', async (_, rest) => {
  const result = await judge(
    (socket) => socket.write(`${head}\r\ndata: {"a":"line 1\\nline 2\\n\\nid","c":${rest}`),
    { duration: 600, probes: [] }
  );
  expect(found(result)).not.toContain('F02');
});

it.concurrent.each<[string, string, ValidateOptions]>([
  ['limit of bytes', '\xc3\xbc\n\n', { maxBytes: 7 }],
  ['end of the watch', '\xc3', {}]
])('a character that is cut by the %s is no fault of UTF-8', async (_, data, options) => {
  const cut = await judge((socket) => socket.write(Buffer.from(`${head}\r\ndata: ${data}`, 'latin1')), {
    duration: 300,
    probes: [],
    ...options
  });
  expect(cut.stream!.bytes).toBe(7);
  expect(found(cut)).not.toContain('F09');
  const ended = await judge((socket) => socket.end(Buffer.from(`${head}\r\ndata: \xc3`, 'latin1')), {
    probes: []
  });
  expect(found(ended)).toContain('F09');
});

it.concurrent.each<[string, string[]]>([
  ['text/event-stream', []],
  ['text/plain, text/event-stream', ['H04']],
  ['text/plain\r\nContent-Type: text/event-stream', ['H04']],
  ['text/event-stream, text/html', ['H01', 'H04']],
  ['text/event-stream, */*', ['H04']],
  ['text/event-stream; x="a, b"', []],
  ['text/event-stream; x="a\\", b"', []],
  ['text/event-stream;x=";charset=utf8"', []],
  ['text/event-stream;charset=utf8', ['H03']],
  ['text/event-stream;x="a";charset="utf8"', ['H03']],
  ['text/event-stream;charset=utf8, text/event-stream', ['H03', 'H04']],
  ['text/event-stream;charset=utf8, text/html, text/event-stream', ['H04']],
  ['text/event-stream;x="LONG', []]
])('the Content-Type is read as Fetch does: %s', async (type, expected) => {
  const result = await judge(
    (socket) =>
      socket.write(
        head.replace('text/event-stream', () => type.replace('LONG', `${'\\"'.repeat(25_000)}\\`)) +
          '\r\ndata: 1\n\n'
      ),
    { duration: 300, probes: [] }
  );
  expect(
    found(result)
      .filter((id) => /^H0[1-4]$/.test(id))
      .toSorted()
  ).toEqual(expected);
  expect(result.duration).toBeLessThan(3000);
});

describe('more of what a rule is for', { concurrent: true }, () => {
  const beginning = `${head}\r\nretry: 3000\n\n`;
  const writing = (text: string) => (socket: Socket) => void socket.write(beginning + text);
  type Row = [rule: string, name: string, answer: (socket: Socket) => void];
  const failing = (body: string): Row => [
    'S09',
    body,
    (socket) => socket.end(`HTTP/1.1 500 No\r\n\r\n${body}`)
  ];
  const withTypeOptions = (value: string): Row => [
    'H24',
    `the value ${value}`,
    (socket) => socket.write(`${head}X-Content-Type-Options: ${value}\r\n\r\n`)
  ];
  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'F02',
      'line feeds written as two characters',
      (socket) => socket.write(`${head}\r\ndata: 1\\n\\ndata: 2\\n\\n`)
    ],
    ['F02', 'no line end at all', (socket) => repeat(socket, (n) => `data: tick ${n}`), { duration: 1500 }],
    [
      'F02',
      'a blank line before',
      (socket) => repeat(socket, (n) => `${n === 0 ? ': hi\n\n' : ''}data: tick ${n}\n`),
      { duration: 1500 }
    ],
    ['F03', 'a word alone', writing('hello\n\n')],
    ['F03', 'JSON without a line end', (socket) => socket.end(`${head}\r\n{"error":"unauthorized"}`)],
    ['F03', 'JSON without a line end, and no end', (socket) => socket.write(`${head}\r\n{"error":1}`)],
    ['F05', 'no line end', (socket) => socket.end(`${head}\r\nData: hello`)],
    ['F04', 'a word alone after data', writing('data: hello\nworld\n\n')],
    ['F21', 'a promise', writing('data: [object Promise]\n\n')],
    ['F21', 'a dict of Python', writing(`data: {'user': 'ann', 'n': None}\n\n`)],
    ['F21', 'bytes of Python', writing(`data: b'x'\n\n`)],
    ['F21', 'an object of Java', writing('data: com.example.Outer$Event@1b6d3586\n\n')],
    ['F21', 'an array of Java', writing('data: [Ljava.lang.String;@7a81197d\n\n')],
    ['F22', 'an id that is missing', writing('id: undefined\ndata: 1\n\n')],
    ['T13', 'an object that stands for life', writing('data: {"type":"ping","time":17}\n\n'.repeat(2))],
    ['R05', 'a token in an id', writing('id: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\ndata: 1\n\n')],
    [
      'R05',
      'a token in an id, behind a hyphen',
      writing('id: user-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\ndata: 1\n\n')
    ],
    ...['', 'data: {"status":"open"}\n\ndata: {"status":"done"}\n\n'].map(
      (more): [string, string, (socket: Socket) => void, ValidateOptions] => [
        'R21',
        `a list of things that are done${more && ', but for one'}`,
        (socket) => socket.end(`${head}\r\n${'data: {"status":"done"}\n\n'.repeat(2)}${more}`),
        { probes: ['again'] }
      ]
    ),
    ...[
      'data: {"status":"success","data":{"price":7}}\n\n',
      'data: {"code":200,"msg":"success","data":[1]}\n\n',
      'event: login.failed\ndata: ann\n\n'
    ].map((last): [string, string, (socket: Socket) => void, ValidateOptions] => [
      'R21',
      `an answer that says no end: ${JSON.stringify(last)}`,
      (socket) => socket.end(`${head}\r\ndata: 1\n\n${last}`),
      { probes: ['again'] }
    ]),
    ...['node1.', 'eyJhbGciOiJIUzI1NiJ9.'].map(
      (beginning): [string, string, (socket: Socket) => void, ValidateOptions] => {
        let n = 0;
        return [
          'H23',
          `a new session that begins with ${beginning}`,
          (socket) => socket.write(`${head}Set-Cookie: sid=${beginning}x${++n}y.z\r\n\r\ndata: 1\n\n`),
          { probes: ['again'] }
        ];
      }
    ),
    ['R09', 'an id of before', writing('id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 1\ndata: 3\n\n')],
    [
      'H07',
      'markup after a comment',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!-- x --><title>')
    ],
    [
      'H07',
      'a page that is labelled as a stream',
      (socket) => socket.end(`${head}\r\n<!DOCTYPE html><form><input type="password"></form>`)
    ],
    [
      'H08',
      'a problem',
      (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/problem+json\r\n\r\n{"status":500}')
    ],
    ...['"ok":false', '"code":401,"message":"no"', '"statusCode":503', '"error":false,"errors":["no"]'].map(
      (error): [string, string, (socket: Socket) => void] => [
        'H08',
        error,
        (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{${error}}`)
      ]
    ),
    [
      'H20',
      'two lengths',
      (socket) => socket.end(`${head}Content-Length: 9\r\nContent-Length: 5\r\n\r\ndata: 1\n\n`)
    ],
    ['H20', 'a length that is none', (socket) => socket.end(`${head}Content-Length: -9\r\n\r\ndata: 1\n\n`)],
    ['H20', 'two lengths in one', (socket) => socket.end(`${head}Content-Length: 9, 5\r\n\r\ndata: 1\n\n`)],
    [
      'T02',
      'kept by shared caches only',
      (socket) =>
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: max-age=0, s-maxage=9\r\n\r\ndata: 1\n\n'
        )
    ],
    ...[
      'panic: no\n\ngoroutine 1 [running]:\n',
      'Error: no<br> &nbsp; &nbsp;at /app/server.js:3:9<br>',
      '{"trace":"java.lang.Error: no\\n\\tat java.base/java.lang.Long.parseLong(Long.java:692)\\n"}',
      'Fatal error: Uncaught Error: no in /app/events.php:3\nStack trace:\n#0 {main}',
      '{"message":"no","trace":[{"file":"/app/Events.php","line":3}]}',
      '    (app 0.1.0) lib/app/events.ex:12: App.Events.stream/2'
    ].map(failing),
    [
      'S09',
      'the answer to an unknown Last-Event-ID',
      (socket, request) =>
        request.includes('zzz')
          ? socket.end('HTTP/1.1 500 No\r\n\r\nTraceback (most recent call last)')
          : socket.write(`${beginning}data: 1\n\n`),
      { probes: ['bogus-id'] }
    ],
    ...['sniff', 'nosniffing', 'off, nosniff'].map(withTypeOptions),
    ['F12', 'a CR at the end', (socket) => socket.write(`${head}\r\ndata: 1\r`)],
    [
      'H08',
      'the errors of another type of JSON',
      (socket) =>
        socket.end(
          'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.api+json\r\n\r\n{"errors":[{"status":"403"}]}'
        )
    ],
    [
      'D05',
      'a response that failed',
      writing('event: response.failed\ndata: {"type":"response.failed","response":{}}\n\n'),
      { profile: 'openai' }
    ]
  ])('%s: %s', async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, probes: [], ...options }))).toContain(id);
  });

  const idOf = (request: string) => /\r\nLast-Event-ID: ?(.*)\r\n/.exec(request)?.[1];
  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'T04',
      'no head when compressed',
      (socket, request) => void (/gzip/.test(request) || socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'closed for an unknown id',
      (socket, request) =>
        void (idOf(request)?.startsWith('no-such') ? socket.end() : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'an error for an empty id',
      (socket, request) =>
        void (idOf(request) === ''
          ? socket.end('HTTP/1.1 500 No\r\n\r\n')
          : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'an error for a long id',
      (socket, request) =>
        void (idOf(request)?.startsWith('zzz')
          ? socket.end('HTTP/1.1 502 No\r\n\r\n')
          : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'broken off after an unknown id',
      (socket, request) => {
        socket.write(beginning);
        if (idOf(request)?.startsWith('no-such')) socket.resetAndDestroy();
        else socket.write('data: 1\n\n');
      }
    ],
    [
      'R11',
      'an event is left out',
      (socket, request) => {
        const from = idOf(request) === undefined ? 1 : Number(idOf(request)) + 2;
        socket.write(
          beginning +
            [1, 2, 3, 4]
              .filter((n) => n >= from)
              .map((n) => `id: ${n}\ndata: ${n}\n\n`)
              .join('')
        );
      }
    ],
    [
      'X08',
      'a preflight that allows no origin',
      (socket, request) =>
        socket.write(
          request.startsWith('OPTIONS')
            ? 'HTTP/1.1 204 OK\r\n\r\n'
            : `${head}Access-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
        )
    ],
    [
      'X03',
      'every origin, beside --origin',
      (socket, request) =>
        socket.write(
          `${head}Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: ${/\r\nOrigin: (.*)/.exec(request)?.[1]}\r\n\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example' }
    ],
    [
      'X01',
      'an origin that is allowed twice',
      (socket) =>
        socket.write(
          `${head}Access-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
        )
    ],
    ...['*', 'https://a.example'].map<
      [string, string, (socket: Socket, request: string) => void, ValidateOptions]
    >((allowed) => [
      'X01',
      `a cookie, with ${allowed} and no word of credentials`,
      (socket) => socket.write(`${head}Access-Control-Allow-Origin: ${allowed}\r\n\r\ndata: 1\n\n`),
      { origin: 'https://a.example', headers: [{ name: 'Cookie', value: 'a=b' }] }
    ]),
    [
      'X04',
      'an origin of a list is echoed',
      (socket, request) =>
        socket.write(
          `${head.replace('no-store', 'no-cache')}${request.includes('\r\nOrigin: https://a.example\r\n') ? 'Access-Control-Allow-Origin: https://a.example\r\n' : ''}\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example' }
    ],
    [
      'T23',
      'busy after a stream with ids',
      (() => {
        let requests = 0;
        return (socket: Socket) => void (++requests === 1 && socket.write(`${beginning}id: 1\ndata: 1\n\n`));
      })()
    ],
    [
      'X05',
      'an error without credentials',
      (socket, request) =>
        socket.write(
          /\r\nAuthorization/.test(request)
            ? `${head}Access-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
            : 'HTTP/1.1 401 No\r\n\r\n'
        ),
      { headers: [{ name: 'Authorization', value: 'x' }] }
    ]
  ])('%s: %s', { timeout: 15_000 }, async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, ...options }))).toContain(id);
  });

  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'R10',
      'every reconnection fails',
      (socket, request) =>
        socket.end(idOf(request) === undefined ? `${beginning}id: 1\ndata: 1\n\n` : 'HTTP/1.1 502 No\r\n\r\n')
    ],
    ['H14', 'a server that answers nothing', () => {}, { probes: ['head-request'] }],
    ...['Content-Length: 0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'].map(
      (rest): [string, string, (socket: Socket, request: string) => void, ValidateOptions] => [
        'X07',
        `an empty answer that is labelled as a stream: ${JSON.stringify(rest)}`,
        (socket, request) =>
          socket.write(
            head +
              (request.startsWith('OPTIONS') ? rest : 'Access-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n')
          ),
        { probes: ['origin-request', 'preflight'] }
      ]
    ),
    ...['NoSniff', 'nosniff, off'].map(withTypeOptions),
    ...[
      '{"error":"no events at /events?since=2026-11-27T10:30:00Z"}',
      '<p>Doors open&nbsp;at Rome (CET, 10:30)</p>',
      'Nothing at /rooms/12:30:15',
      '{"trace":[{"file":"track1.gpx","points":3}]}',
      '{"text":"see you\\tat noon (12:30)"}'
    ].map(failing),
    ['F12', 'a CRLF of which the LF is not there yet', (socket) => socket.write(`${head}\r\ndata: 1\r\n\r`)],
    [
      'D03',
      'an error without a type, which is the end',
      (socket) => socket.end(`${head}\r\ndata: {"error":{"code":"no"}}\n\n`),
      { profile: 'openai' }
    ],
    [
      'D03',
      'an error, which is the end',
      (socket) => socket.end(`${head}\r\nevent: error\ndata: {"type":"error","code":"no"}\n\n`),
      { profile: 'openai' }
    ],
    ['F21', 'a word', writing('data: b\n\ndata: {"a":"{\'b\': 1}"}\n\n')],
    ['F21', 'an address', writing('data: ann.b@cafe\n\ndata: host.Name@1b6d3586.example\n\n')],
    [
      'F21',
      'a name with a version',
      writing('data: com.example.App@12\n\ndata: app.Release@2026\n\ndata: ns.Model@20241127\n\n')
    ],
    ['R05', 'a name with a version', writing('id: orders@1.2\ndata: 1\n\n')],
    ['T13', 'tokens that are blank', writing('data:     \n\n'.repeat(3))],
    [
      'T23',
      'a reconnection whose head waits',
      (socket, request) => void (idOf(request) || socket.write(`${beginning}id: 1\ndata: 1\n\n`))
    ],
    [
      'T09',
      'an API that may still answer with an error',
      (socket) => setTimeout(() => socket.write(`${head}\r\ndata: {}\n\n`), 1100),
      { profile: 'openai', method: 'POST', duration: 1500 }
    ],
    ...['X01', 'X04', 'X08'].flatMap((id) =>
      [{ origin: 'https://a.example' }, {}].map<
        [string, string, (socket: Socket, request: string) => void, ValidateOptions]
      >((options) => [
        id,
        `the one origin that is allowed, ${JSON.stringify(options)}`,
        (socket, request) =>
          socket.write(
            `${request.startsWith('OPTIONS') ? 'HTTP/1.1 204 OK\r\n' : head.replace('no-store', 'no-cache')}Access-Control-Allow-Origin: https://a.example\r\n\r\n${request.startsWith('GET') ? 'data: 1\n\n' : ''}`
          ),
        options
      ])
    ),
    [
      'X01',
      'a cookie that is allowed',
      (socket) =>
        socket.write(
          `${head}Access-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Credentials: true\r\n\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example', headers: [{ name: 'Cookie', value: 'a=b' }] }
    ],
    ...[
      'event: done\ndata: {}\n\n',
      'event: response.completed\ndata: 1\n\n',
      'data: [DONE]\n\n',
      'data: {"type":"finish"}\n\n',
      'data: {"text":"","done":true}\n\n',
      'data: {"type":"finish"}\n\ndata: [DONE]\n\n',
      'data: </stream>\n\n',
      'data: [END]\n\n',
      'data: done\n\n',
      'data: {"finish":true}\n\n',
      'event: final\ndata: {}\n\n',
      'event: failed\ndata: {"message":"no"}\n\n',
      'data: {"status":"succeeded"}\n\n',
      'event: return\ndata:\n\n',
      'data: {"msg":"process_completed","output":{}}\n\ndata: {"msg":"close_stream"}\n\n',
      'data: {"control":"done"}\n\n',
      'data: {"content":"","stop":true}\n\n',
      'data: {"choices":[{"finish_reason":"stop"}]}\n\n',
      'data: {"type":"text-end"}\n\ndata: {"type":"step"}\n\ndata: {"type":"finish"}\n\ndata: [DONE]\n\n',
      'data: {"event":"node_finished","data":{"status":"succeeded"}}\n\n'.repeat(2) +
        'data: {"event":"message"}\n\ndata: {"event":"workflow_finished","data":{"status":"succeeded"}}\n\n'
    ].map((last): [string, string, (socket: Socket) => void] => [
      'R21',
      `an answer that says its end: ${JSON.stringify(last)}`,
      (socket) => socket.end(`${head}\r\ndata: {"text":"a"}\n\n${last}`)
    ]),
    [
      'R21',
      'a long answer that says its end',
      (socket) => socket.end(`${head}\r\n${'data: {"text":"a"}\n\n'.repeat(2000)}data: {"done":true}\n\n`)
    ],
    [
      'R10',
      'a stream that is always broken off',
      (socket) => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
        socket.end();
      }
    ],
    [
      'D03',
      'a finish_reason',
      (socket) => socket.end(`${head}\r\ndata: {"choices":[{"finish_reason":"stop"}]}\n\n`),
      { profile: 'openai' }
    ],
    [
      'D03',
      'a completed response',
      (socket) => socket.end(`${head}\r\nevent: response.completed\ndata: {"type":"response.completed"}\n\n`),
      { profile: 'openai' }
    ],
    [
      'H18',
      'a complete answer to a POST',
      (socket) => socket.end(`${head}Content-Length: 9\r\n\r\ndata: 1\n\n`),
      { method: 'POST' }
    ],
    [
      'D03',
      'the end of a transcript',
      (socket) =>
        socket.end(`${head}\r\nevent: transcript.text.done\ndata: {"type":"transcript.text.done"}\n\n`),
      { profile: 'openai' }
    ],
    ...[
      (n: number) => Buffer.from(`{"iv":"${n}"}`).toString('base64'),
      (n: number) => `${n}abc%2Fdef--aW9uIGhlcmUg${n}--Zm9vYmFyYmF6cXV4${n}%3D%3D`,
      (n: number) => `eyJfcGVybWFuZW50Ijp0cnVlfQ.Zx${n}AbC.k${n}8sdfLKJ3lkj`,
      (n: number) => `.eJwlzjEOwjAMAMC_ZGZw4thx-pnKThyBhAS.Zx${n}AbC.k${n}8sdfLKJ3lkj`,
      (n: number) => `.eJxVjMsOwiAQRf-FtSG8YVy69xvIDAxSNTQp7cr479:1tX${n}yz:k${n}8sdfLKJ3lkj`
    ].map((value): [string, string, (socket: Socket) => void] => {
      let n = 0;
      return [
        'H23',
        `a session that is kept in its cookie: ${value(0)}`,
        (socket) =>
          socket.write(`${head}Set-Cookie: =;\r\nSet-Cookie: app_session=${value(++n)}\r\n\r\ndata: 1\n\n`)
      ];
    }),
    [
      'R21',
      'an answer that changes a page of Datastar',
      (socket) => socket.end(`${head}\r\nevent: datastar-patch-elements\ndata: elements <p id="a"></p>\n\n`)
    ]
  ])('%s: not for %s', async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, ...options }))).not.toContain(id);
  });
});

it.concurrent.each([
  ['id: 1\ndata: 1\n\n', 'warning'],
  ['data: 1\n\n', 'information'],
  ['', 'warning']
])('a preflight that fails is, of %j, a %s', async (events, severity) => {
  const allowed = head.replace('\r\n', '\r\nAccess-Control-Allow-Origin: *\r\n');
  const answers = {
    X06: 'HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n',
    X07: `${allowed}\r\n:\n\n`,
    X08: 'HTTP/1.1 405 Method Not Allowed\r\n\r\n'
  };
  for (const [rule, answer] of Object.entries(answers)) {
    const result = await judge(
      (socket, request) =>
        request.startsWith('OPTIONS') ? socket.end(answer) : socket.write(`${allowed}\r\n${events}`),
      { duration: 300, probes: ['origin-request', 'preflight'] }
    );
    expect(result.findings.find((finding) => finding.rule === rule)).toMatchObject({ severity });
  }
});

it.concurrent('F02: not for a line in two pieces', async () => {
  const result = await judge(
    (socket) => {
      socket.write(`${head}\r\ndata: one`);
      setTimeout(() => socket.write(', two'), 1100);
    },
    { duration: 1400, probes: [] }
  );
  expect(found(result)).not.toContain('F02');
  expect(result.headline).toBe('No event in 1 block of 14 bytes.');
});

it.concurrent('F02: not where events came, and a warning of a large line', async () => {
  const options = { duration: 1500, probes: [] };
  const slow = await judge(
    (socket) => repeat(socket, (n) => `${n === 0 ? 'data: 0\n\n' : ''}data: line ${n}\n`),
    options
  );
  expect(found(slow)).not.toContain('F02');
  const large = await judge(
    (socket) => repeat(socket, (n) => (n ? '' : 'data: ') + 'x'.repeat(20_000)),
    options
  );
  expect(large.findings.find(({ rule }) => rule === 'F02')).toMatchObject({ severity: 'warning' });
  expect(large.headline).toMatch(/^No event in 1 block of /);
});

it.concurrent.each<[string, string | undefined, string]>([
  ['message: hello\n\n', 'F27', 'No event in 9 blocks of 144 bytes.'],
  ['event: typing\n\n', 'F16', 'No event in 9 blocks of 135 bytes.'],
  ['event: ping\n\n', undefined, 'No event in 9 blocks of 117 bytes.'],
  ['id: 1\n\n', undefined, 'No event in 9 blocks of 63 bytes.'],
  [': ping\n\nretry: 3000\n\n', undefined, '0 events in 189 bytes; nothing is wrong with what was seen.']
])('blocks without an event: %j', async (block, rule, headline) => {
  const result = await judge((socket) => socket.write(`${head}\r\n${block.repeat(9)}`), {
    duration: 300,
    probes: []
  });
  const serious = result.findings.filter(({ severity }) => severity !== 'information');
  expect(serious.map(({ rule, severity, times }) => [rule, severity, times])).toEqual(
    rule ? [[rule, 'warning', 9]] : []
  );
  expect(result.headline).toBe(headline);
});

describe('R11', { concurrent: true }, () => {
  const idOf = (request: string) => Number(/\r\nLast-Event-ID: ?(\d+)\r\n/.exec(request)?.[1] ?? 0);
  const events = (numbers: number[]) => numbers.map((n) => `id: ${n}\ndata: ${n}\n\n`).join('');
  const after = (from: number) => events([1, 2, 3, 4].filter((n) => n >= from));
  it.each<[string, string | undefined, (id: number) => string]>([
    ['a log', undefined, (id) => after(id + 1)],
    ['a log that begins with the event itself', 'warning', (id) => after(id)],
    ['a log with holes', 'warning', (id) => after(id === 0 ? 1 : id + 2)],
    ['the newest state', 'information', (id) => (id === 0 ? after(1) : after(4))],
    ['the newest state, if it is new', 'information', (id) => (id === 0 ? after(1) : id < 4 ? after(4) : '')]
  ])('%s: %s', async (_, expected, answer) => {
    const { findings } = await judge(
      (socket, request) => void socket.write(`${head}\r\nretry: 3000\n\n${answer(idOf(request))}`),
      { duration: 300, probes: ['again', 'first-id'] }
    );
    expect(findings.find(({ rule }) => rule === 'R11')?.severity).toBe(expected);
  });
});

it.concurrent.each([
  ['Content-Length: 0\r\n', ['H13']],
  ['', []]
])('a 204 with %j', async (line, expected) => {
  const answer = (socket: Socket) => socket.end(`HTTP/1.1 204 No Content\r\n${line}\r\n`);
  expect(found(await judge(answer, { duration: 300, probes: [] }))).toEqual(expected);
});

describe('H23', { concurrent: true }, () => {
  it.each<[string, boolean, string, ValidateOptions?]>([
    ['a session', true, ''],
    ['of the path', true, '; Path=/a'],
    ['of the path, to the end', true, '; path=/a/b; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['of another path', false, '; Path=/a/bb'],
    ['removed', false, '; Max-Age=0'],
    ['long over', false, '; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['in place of which another is sent', false, '', { headers: [{ name: 'Cookie', value: 'a=1' }] }],
    ['beside another of the name', false, '', { headers: [{ name: 'Cookie', value: 'sid=0' }] }]
  ])('a cookie %s: %j', async (_, expected, attributes, options) => {
    let number = 0;
    const sent: boolean[] = [];
    const url = await serve((socket, request) => {
      sent.push(/\r\nCookie: sid=1\r\n/.test(request));
      socket.write(`${head}Set-Cookie: sid=${++number}${attributes}\r\n\r\ndata: 1\n\n`);
    });
    const result = await validate(`${url}a/b`, { duration: 300, probes: ['again'], ...options }).result;
    expect(sent).toEqual([false, expected]);
    expect(found(result).includes('H23')).toBe(expected);
  });
});

describe('T04', { concurrent: true }, () => {
  const openings = { comment: ': connected\n\n', event: 'data: 0\n\n', nothing: '' };
  /** What comes at once, whether the compressor is flushed, and how long the pauses of a broadcast are, ms. */
  it.each<[keyof typeof openings, boolean, number, string]>([
    ['comment', true, 2000, 'ok'],
    ['event', false, 2000, 'finding'],
    ['nothing', false, 150, 'finding'],
    ['nothing', false, 9000, 'not observed']
  ])('%s at once, flushed: %s, an event every %i ms: %s', async (opening, isFlushed, pause, expected) => {
    const plain = new Set<Socket>();
    const broadcast = () => plain.forEach((socket) => socket.write('data: 1\n\n'));
    const timers: NodeJS.Timeout[] = [];
    const { verdicts } = await judge(
      (socket, request) => {
        const isCompressed = /gzip/.test(request);
        socket.write(`${head}${isCompressed ? 'Content-Encoding: gzip\r\n' : ''}\r\n`);
        const bytes = gzipSync(openings[opening], { finishFlush: constants.Z_SYNC_FLUSH });
        if (isCompressed) return void socket.write(isFlushed ? bytes : bytes.subarray(0, 10));
        socket.write(openings[opening]);
        plain.add(socket);
        // The first client came shortly before an event.
        if (plain.size === 1) timers.push(setTimeout(broadcast, 150), setInterval(broadcast, pause));
      },
      { duration: 1800, probes: opening === 'event' ? ['again', 'compressed'] : ['compressed'] }
    );
    timers.forEach((timer) => clearTimeout(timer));
    expect(verdicts.find(({ rule }) => rule === 'T04')?.verdict).toBe(expected);
  });
});

it('T25: compressed only where it is asked for, and in name only', async () => {
  const result = await judge(
    (socket, request) =>
      socket.write(`${head}${/gzip/.test(request) ? 'Content-Encoding: gzip\r\n' : ''}\r\ndata: 1\n\n`),
    { duration: 300, probes: ['compressed'] }
  );
  expect(result.findings.find(({ rule }) => rule === 'T25')).toMatchObject({
    severity: 'error',
    message: expect.stringContaining('With Accept-Encoding: "gzip, deflate, br') as string
  });
  expect(result.headline).toBe('1 event in 9 bytes; clients lose events, or the connection.');
});

it('T25: not for a coding that was not asked for and can be read', async () => {
  const result = await judge(
    (socket) =>
      socket.end(
        Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n\r\n`), gzipSync('data: 1\n\n')])
      ),
    { duration: 300 }
  );
  expect(result.stream?.events).toBe(1);
  expect(found(result)).not.toContain('T25');
});

it.concurrent.each([
  ['POST', 'private', []],
  ['POST', 'max-age=60', []],
  ['POST', 'max-age=60\r\nContent-Location: /', ['T02']],
  ['POST', 'private\r\nContent-Location: /', []],
  ['POST', 'must-revalidate\r\nExpires: Fri, 01 Jan 2100 00:00:00 GMT', []],
  ['GET', 'private', ['T02']],
  ['GET', 'private\r\nExpires: Fri, 01 Jan 2100 00:00:00 GMT', ['T02']],
  ['GET', 'must-revalidate\r\nExpires: Fri, 01 Jan 2100 00:00:00 GMT', ['T02']],
  // As ASP has it, and PHP.
  ['GET', 'private\r\nExpires: -1', []],
  // "A cache recipient MUST interpret invalid date formats [...] as representing a time in the past"
  ['GET', 'private\r\nExpires: 3600', []],
  ['GET', 'must-revalidate\r\nExpires: 2100-01-01T00:00:00Z', []],
  ['GET', 'private\r\nExpires: Friday, 01-Jan-49 00:00:00 GMT', ['T02']],
  ['GET', 'private\r\nDate: Thu, 26 Nov 2026 12:00:00 GMT\r\nExpires: Thu, 26 Nov 2026 11:59:00 GMT', []],
  ['GET', 'max-age=-1, private', []],
  ['GET', 's-maxage=0, max-age=60', ['T02']],
  // "either the first occurrence should be used or the response should be considered stale"
  ['GET', 'max-age=0, max-age=60', []]
])('T02: an answer to %s with Cache-Control: %s', async (method, value, expected) => {
  const result = await judge((socket) => socket.end(`${head.replace('no-store', value)}\r\ndata: 1\n\n`), {
    method,
    probes: []
  });
  expect(found(result).filter((id) => id === 'T02')).toEqual(expected);
});

it.concurrent.each(['"success":true,"errors":[]', '"error":null,"code":0'])(
  'H08: not {%s}',
  async (members) => {
    const result = await judge((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{${members}}`)
    );
    expect(found(result)).toContain('H01');
    expect(found(result)).not.toContain('H08');
  }
);

it('T01: not where Expires says that the answer is stale', async () => {
  const ask = (expires: string) =>
    judge(
      (socket) => socket.end(`${head.replace(/Cache-Control: .*/, `Expires: ${expires}`)}\r\ndata: 1\n\n`),
      {
        probes: []
      }
    );
  expect(found(await ask('0'))).not.toContain('T01');
  expect(found(await ask('Fri, 01 Jan 2100 00:00:00 GMT'))).toEqual(expect.arrayContaining(['T01', 'T02']));
});

it('T01, R18, R24: not of one answer to a POST', async () => {
  const bare = head.replace(/Cache-Control.*\r\n/, '');
  const result = await judge((socket) => socket.end(`${bare}\r\ndata: {"choices":[]}\n\ndata: [DONE]\n\n`), {
    method: 'POST',
    profile: 'openai',
    duration: 300
  });
  expect(found(result).filter((id) => /^(T01|R18|R24)$/.test(id))).toEqual([]);
});

it('H09: not for too many requests where the second came at once', async () => {
  let requests = 0;
  const result = await judge(
    (socket) =>
      ++requests > 1
        ? socket.end('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n')
        : socket.end(`${head}\r\ndata: 1\n\n`),
    { duration: 300, probes: ['again'] }
  );
  expect(result.verdicts.find(({ rule }) => rule === 'H09')?.verdict).toBe('not observed');
});

describe('Content-Encoding', { concurrent: true }, () => {
  const body = 'retry: 3000\n\nid: 1\ndata: 1\n\n';
  const encoded = (coding: string, bytes: Buffer, options: ValidateOptions = { probes: [] }) =>
    judge(
      (socket) =>
        socket.end(Buffer.concat([Buffer.from(`${head}Content-Encoding: ${coding}\r\n\r\n`), bytes])),
      options
    );
  const hasZstd = 'zstdCompressSync' in zlib;

  it.runIf(hasZstd)('zstd is undone', async () => {
    const result = await encoded('zstd', zlib.zstdCompressSync(body));
    expect(result.stream).toMatchObject({ bytes: body.length, events: 1, ending: 'closed' });
    const frames = ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'].map((text) => zlib.zstdCompressSync(text));
    expect((await encoded('zstd', Buffer.concat(frames))).stream).toMatchObject({ bytes: 27, events: 3 });
    const cut = await encoded('zstd', Buffer.concat(frames).subarray(0, -1));
    expect(cut.findings.find(({ rule }) => rule === 'T25')!.message).toContain('cannot be decoded as zstd');
    const open = await judge(
      (socket) =>
        socket.write(Buffer.concat([Buffer.from(`${head}Content-Encoding: zstd\r\n\r\n`), ...frames])),
      { duration: 300, probes: [] }
    );
    expect(open.stream).toMatchObject({ events: 3, ending: 'time limit' });
    const bomb = zlib.zstdCompressSync(Buffer.alloc(32 * 1024 * 1024, 'x'));
    const { stream } = await encoded('zstd', bomb, { probes: [], maxBytes: 100_000 });
    expect(stream).toMatchObject({ bytes: 100_000, ending: 'byte limit' });
  });

  it.runIf(hasZstd)('zstd in many frames is undone, however it is cut', async () => {
    const streamed = async (text: string, params: Record<number, number>) => {
      const compress = zlib.createZstdCompress({ params });
      compress.write(text);
      compress.flush(() => compress.end());
      return Buffer.concat(await compress.toArray());
    };
    const frames: Buffer[] = [];
    let plain = '';
    for (let n = 0; n < 60; n++) {
      const text = `data: ${n} ${['', 'x'.repeat(5000), `${Math.random()} `.repeat(20_000)][n % 7] ?? 'é'}\n\n`;
      plain += text;
      const checksumFlag = n % 2;
      frames.push(
        n % 3 === 0
          ? await streamed(text, {
              [constants.ZSTD_c_windowLog]: 20,
              [constants.ZSTD_c_checksumFlag]: checksumFlag
            })
          : zlib.zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: checksumFlag } })
      );
      // https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2: a skippable frame.
      if (n % 5 === 0) frames.push(Buffer.from('502a4d18020000000a0a', 'hex'));
    }
    const whole = Buffer.concat(frames);
    for (const size of [whole.length, 4096, 61]) {
      const { stream, findings } = await judge(
        async (socket) => {
          socket.setNoDelay().write(`${head}Content-Encoding: zstd\r\n\r\n`);
          for (let at = 0; at < whole.length; at += size)
            await new Promise((resolve) => socket.write(whole.subarray(at, at + size), resolve));
          socket.end();
        },
        { probes: [] }
      );
      expect(stream, `${size}`).toMatchObject({
        bytes: Buffer.byteLength(plain),
        events: 60,
        ending: 'closed'
      });
      expect(findings.map(({ rule }) => rule)).not.toContain('T25');
    }
    // A block of the reserved type.
    const reserved = Buffer.from('28b52ffd2001070000', 'hex');
    const broken = Buffer.concat([...frames.slice(1, 4), reserved, ...frames.slice(4)]);
    const result = await encoded('zstd', broken);
    expect(found(result)).toContain('T25');
    expect(result.stream).toMatchObject({ events: 2 });
  });

  it('several are undone, the last one first', async () => {
    const result = await encoded(
      'deflate\r\nContent-Encoding: x-gzip, br',
      zlib.brotliCompressSync(gzipSync(zlib.deflateSync(body)))
    );
    expect(result.stream).toMatchObject({ bytes: body.length, events: 1 });
    const flushed = gzipSync(gzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH }), {
      finishFlush: constants.Z_SYNC_FLUSH
    });
    const open = await judge(
      (socket) =>
        socket.write(Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip, gzip\r\n\r\n`), flushed])),
      { duration: 300, probes: [] }
    );
    expect(open.stream).toMatchObject({ events: 1, ending: 'time limit' });
    const broken = await encoded('gzip, br', zlib.brotliCompressSync(body));
    expect(found(broken)).toContain('T25');
  });

  it.each(['x-new', 'gzip, x-new', 'br, '.repeat(9), 'constructor'])(
    '%s leaves the lines unobserved',
    async (coding) => {
      const result = await encoded(coding, Buffer.from('\xff\xfe hello\n\n', 'latin1'), { duration: 300 });
      expect(result.stream).toBeUndefined();
      expect(result.headline).toContain('was not judged');
      expect(found(result).filter((id) => id.startsWith('F') || id === 'R21')).toEqual([]);
      expect(result.findings.find(({ rule }) => rule === 'T25')!.message).toContain('cannot be undone here');
      expect(result.verdicts.find(({ rule }) => rule === 'F09')).toMatchObject({ verdict: 'not observed' });
    }
  );

  it('none and identity are no coding', async () => {
    expect((await encoded('none, identity', Buffer.from(body))).stream).toMatchObject({ events: 1 });
  });

  it('what is offered is what can be undone', async () => {
    let offered = '';
    await judge(
      (socket, request) => {
        offered += request;
        socket.end(`${head}\r\n${body}`);
      },
      { probes: ['compressed'] }
    );
    expect(offered).toContain(`Accept-Encoding: gzip, deflate, br${hasZstd ? ', zstd' : ''}\r\n`);
  });
});
