import { gzipSync, constants } from 'node:zlib';
import type { ConnectionScript, Play, StreamItem } from '../../fixtures-server/stream-script.ts';
import type { ValidateOptions } from './validate.ts';

/** What breaks a rule, and what does not. */
export interface Fixture {
  /** The play that breaks exactly the rule. */
  broken: Omit<Play, 'id'>;
  /** Rules that are always broken with it, and why. */
  implied?: Record<string, string>;
  /** Does not break it, nor any other rule; the good play if there is nothing closer. */
  sound?: Omit<Play, 'id'>;
  /** Notes on what is right in `sound`. */
  notes?: string[];
  options?: ValidateOptions;
  /** Added to the URL of the broken play. */
  query?: string;
}

const headers = {
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff'
};

const opening = 'retry: 3000\n\n';
const first: ConnectionScript = {
  headers,
  stream: [opening, 'id: 1\ndata: 1\n\n', { pause: 10 }, 'id: 2\ndata: 2\n\n']
};
const later: ConnectionScript = { headers, stream: ['retry: 3100\n\n', 'id: 3\ndata: 3\n\n'] };

/** After the first event of `first`. */
const second: ConnectionScript = { headers, stream: ['retry: 3100\n\n', 'id: 2\ndata: 2\n\n'] };

/** Everything as it should be: no finding at all. */
export const good: Omit<Play, 'id'> = { connections: [first, later, later, second, later], repeat: true };

/** In the order of the validator's requests. OPTIONS takes none. */
type Place = 'plain' | 'again' | 'compressed' | 'first' | 'origin' | 'bogus' | 'empty' | 'long' | 'head';
const places: Place[] = ['plain', 'again', 'compressed', 'first', 'origin', 'bogus', 'empty', 'long', 'head'];

/** The good play, with some connections laid over. A header of null is removed. */
function but(
  changes: Partial<Record<Place, ConnectionScript>>,
  preflight?: ConnectionScript
): Omit<Play, 'id'> {
  const connections = places.map((place) => {
    const base = { plain: first, first: second }[place as string] ?? later;
    const change = changes[place] ?? {};
    return { ...base, ...change, headers: { ...headers, ...change.headers } };
  });
  return { connections: [...connections, later], repeat: true, ...(preflight && { preflight }) };
}

/** After a good opening and event, these. */
function stream(...items: StreamItem[]): Omit<Play, 'id'> {
  return but({ plain: { stream: [...first.stream!, ...items] } });
}

/** Nothing but these. */
function only(...items: StreamItem[]): Omit<Play, 'id'> {
  return but({ plain: { stream: items } });
}

/** Ended properly, and then there is no more. */
function ended(...items: StreamItem[]): Omit<Play, 'id'> {
  return but({ plain: { stream: items, end: 'close' }, again: { status: 204 } });
}

function head(changes: Record<string, string | string[] | null>): Omit<Play, 'id'> {
  return but({ plain: { headers: changes } });
}

function raw(lines: string[], ...body: StreamItem[]): Omit<Play, 'id'> {
  const common = Object.entries({ 'Content-Type': 'text/event-stream', ...headers }).map(
    ([name, value]) => `${name}: ${value}`
  );
  const [statusLine, ...rest] = lines;
  return but({
    plain: { head: [`${[statusLine, ...common, ...rest].join('\r\n')}\r\n\r\n`], stream: body, end: 'close' },
    again: { status: 204 }
  });
}

const event = 'retry: 3000\n\nid: 1\ndata: 1\n\n';
const allowAll = { 'Access-Control-Allow-Origin': '*' };
const gzip = { 'Content-Encoding': 'gzip' };
const zipped = gzipSync('retry: 3100\n\ndata: 1\n\n', { finishFlush: constants.Z_SYNC_FLUSH });
const uuid = (digit: number) => `${digit}b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed`;
const streamHead: ConnectionScript = { headers, stream: ['data: 1\n\n'] };

/** By rule. */
export const fixtures: Record<string, Fixture> = {
  H01: { broken: head({ 'Content-Type': 'text/plain' }) },
  H02: { broken: head({ 'Content-Type': 'text/event-stream; charset=ISO-8859-1' }) },
  H03: { broken: head({ 'Content-Type': 'text/event-stream;charset=utf8' }) },
  H04: { broken: head({ 'Content-Type': ['text/event-stream', 'text/event-stream'] }) },
  H05: { broken: head({ 'Content-Type': 'text/event-stream;charset=UTF-8' }) },
  H06: { broken: but({ plain: { status: 201 } }) },
  H07: {
    broken: but({
      plain: {
        headers: { 'Content-Type': 'text/html' },
        stream: ['<!DOCTYPE html><input type="password">'],
        end: 'close'
      }
    })
  },
  H08: {
    broken: but({
      plain: { headers: { 'Content-Type': 'application/json' }, stream: ['{"error":"no"}'], end: 'close' }
    }),
    implied: { H01: 'JSON is no event stream' }
  },
  H09: { broken: but({ again: { status: 503, end: 'close' } }) },
  H10: {
    broken: but({
      plain: { status: 302, headers: { Location: '{url}' }, stream: [], end: 'close' },
      again: first,
      first: later,
      origin: second
    })
  },
  H11: {
    broken: but({
      plain: { status: 302, headers: { Location: '{other-url}' }, stream: [], end: 'close' },
      again: first,
      first: later,
      origin: second
    }),
    sound: but({
      plain: {
        status: 302,
        headers: { ...allowAll, Location: '{other-url}' },
        stream: [],
        end: 'close'
      },
      again: first,
      first: later,
      origin: second,
      bogus: { headers: allowAll }
    }),
    implied: { H10: 'it is a redirect' },
    notes: ['H10']
  },
  H12: {
    broken: but({ plain: { stream: [...first.stream!, 'event: done\ndata: 3\n\n'], end: 'close' } }),
    sound: ended(event)
  },
  H13: {
    broken: but({ plain: { status: 204, headers: { 'Content-Length': '5' }, stream: [] } }),
    sound: but({ plain: { status: 204, headers: { 'Content-Type': null }, stream: [] } })
  },
  H14: { broken: but({ head: { delay: 4000 } }) },
  H15: { broken: but({}, streamHead), sound: but({}, { status: 405, end: 'close' }) },
  H16: { broken: but({ origin: { status: 406 } }) },
  H17: { broken: raw(['HTTP/1.0 200 OK'], event), sound: raw(['HTTP/1.1 200 OK'], event) },
  H18: { broken: raw(['HTTP/1.1 200 OK', `Content-Length: ${event.length}`], event) },
  H19: { broken: raw(['HTTP/1.1 200 OK', 'Content-Length: 0'], event) },
  H20: {
    broken: raw(
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 99'],
      `${event.length.toString(16)}\r\n${event}\r\n0\r\n\r\n`
    )
  },
  H21: { broken: but({ plain: { end: 'cut' } }), sound: ended(event) },
  H23: {
    broken: but({
      plain: { headers: { 'Set-Cookie': 'PHPSESSID=1; Path=/' } },
      again: { headers: { 'Set-Cookie': 'PHPSESSID=2' } }
    }),
    sound: but({ plain: { headers: { 'Set-Cookie': 'a=1' } }, again: { headers: { 'Set-Cookie': 'a=1' } } })
  },
  H24: { broken: head({ 'X-Content-Type-Options': null }) },
  H25: { broken: but({ plain: { status: 404, end: 'close' } }) },

  T01: { broken: head({ 'Cache-Control': null }) },
  T02: {
    broken: head({ 'Cache-Control': 'private, no-transform' }),
    sound: head({ 'Cache-Control': 'no-cache, no-transform', ETag: '"1"' })
  },
  T03: { broken: head({ 'Cache-Control': 'no-store' }) },
  T04: {
    broken: but({ compressed: { headers: gzip, stream: [{ hex: '1f8b0800000000000003' }] } }),
    sound: but({ compressed: { headers: gzip, stream: [{ hex: zipped.toString('hex') }] } }),
    notes: ['T05']
  },
  T05: { broken: but({ compressed: { headers: gzip, stream: [{ hex: zipped.toString('hex') }] } }) },
  T06: { broken: head({ 'Content-Encoding': 'none' }) },
  T07: {
    broken: stream(
      ...[1, 2, 3, 4].flatMap((n) => [
        `${n === 1 ? '' : 'a: cut\n\n'}${'data: whole\n\n'.repeat(6)}dat`,
        { pause: 300 }
      ])
    ),
    sound: stream(...[1, 2, 3, 4].flatMap(() => ['data: whole\n\n'.repeat(6), { pause: 300 }])),
    options: { duration: 1400 }
  },
  T08: { broken: head({ 'X-Accel-Buffering': null }) },
  T09: {
    broken: but({ plain: { delay: 1100, stream: ['retry: 3000\nid: 1\ndata: 1\n\n'] } }),
    sound: but({ plain: { delay: 1100, stream: [': connected\n\n', event] } }),
    options: { duration: 1500 }
  },
  T10: {
    broken: but({ plain: { stream: [{ pause: 1700 }, ...first.stream!] } }),
    options: { duration: 2000 }
  },
  T13: {
    broken: stream('data: ping\n\n', 'data: ping\n\n'),
    sound: stream(': ping\n\n', ': ping\n\n', 'data: ping\n\n')
  },
  T14: { broken: stream('event: heartbeat\n\n') },
  T15: {
    broken: stream(':\n', { pause: 500 }, ':\n'),
    sound: stream(':\n\n', { pause: 500 }, ':\n\n'),
    options: { duration: 900 }
  },
  T16: {
    broken: but({
      plain: { stream: ['retry: 3000\n\ndata: 1\n\n', { pause: 3100 }], end: 'close' },
      again: { stream: ['retry: 3200\n\ndata: 2\n\n', { pause: 3100 }], end: 'close' }
    }),
    implied: { R23: 'it ends', R24: 'it has no ids' },
    sound: but({
      plain: { stream: ['retry: 3000\n\ndata: 1\n\n', { pause: 3100 }, 'data: [DONE]\n\n'], end: 'close' },
      again: { stream: ['retry: 3200\n\ndata: 1\n\n', { pause: 3100 }, 'data: [DONE]\n\n'], end: 'close' }
    }),
    notes: ['R24', 'H12'],
    options: { duration: 4000 }
  },
  T17: { broken: but({ plain: { status: 504, headers: { 'Content-Type': 'text/html' }, end: 'close' } }) },
  T18: {
    broken: stream(
      ...[3, 4, 5].flatMap((n) => [`id: ${n}\nda`, { pause: 20 }, `ta: ${n}\n\n`, { pause: 20 }])
    ),
    sound: stream(...[3, 4, 5].flatMap((n) => [`id: ${n}\ndata: ${n}\n\n`, { pause: 20 }]))
  },
  T19: { broken: stream(...Array.from({ length: 30 }, () => [':', '\n']).flat()) },
  T23: {
    broken: { connections: [first, first, { head: [] }], repeat: true },
    options: { probes: ['parallel'] }
  },
  T25: {
    broken: but({ plain: { headers: gzip, end: 'close' }, again: { status: 204 } }),
    sound: ended(event)
  },

  F01: { broken: ended(event, 'data: lost\n'), sound: ended(event, ': comment') },
  F02: {
    broken: only('retry: 3000\nid: 1\ndata: 1\n', { pause: 1100 }, 'data: 2\n'),
    sound: only('retry: 3000\nid: 1\ndata: 1\n', { pause: 1100 }, 'data: 2\n\n'),
    options: { duration: 1500 }
  },
  F03: { broken: stream('{"a": 1}\n\n'), sound: stream('data: {"a": 1}\n\n') },
  F04: {
    broken: stream('data: one line\nand another line\n\n'),
    sound: stream('data: one line\ndata: and another\n\n')
  },
  F05: { broken: stream('Data: 1\n\n'), sound: stream('data: 1\n\n') },
  F06: { broken: only('retry: 3000\n\nid: 1\ndata: 1\\n\\n\n\n'), sound: stream('data: 1\\n\n') },
  F07: { broken: stream('\ufeffdata: 1\n\n'), sound: stream('data: \ufeff1\n\n') },
  F08: { broken: only(`\ufeff${opening}id: 1\ndata: 1\n\n`) },
  F09: { broken: stream('data: ', { hex: 'ff' }, '\n\n'), sound: stream('data: é€💓\n\n') },
  F10: {
    broken: stream('data: ', { hex: 'c3' }, { pause: 30 }, { hex: 'bc 0a 0a' }),
    sound: stream('data: ü\n\n')
  },
  F11: { broken: stream('data: 1\r\n\r\n') },
  F12: {
    broken: only('retry: 3000\r\rid: 1\rdata: 1\r\r'),
    sound: only('retry: 3000\r\n\r\nid: 1\r\ndata: 1\r\n\r\n')
  },
  F13: { broken: stream('data:x\n\n'), sound: stream('data:\ndata: x\n\n') },
  F14: { broken: stream('data:  x\n\n'), sound: stream('data: {\ndata:   "a": 1\ndata: }\n\n') },
  F15: {
    broken: stream('event: tick\n\ndata: 1\n\n'),
    implied: { F16: 'the type has no data in its block' },
    sound: stream('event: tick\ndata: 1\n\ndata: 2\n\n')
  },
  F16: { broken: stream('event: tick\n\n'), sound: stream('event: tick\ndata: 1\n\n') },
  F17: { broken: stream('data\n\n'), sound: stream('data: x\ndata\n\n') },
  F18: { broken: stream('event: error\ndata: 1\n\n'), sound: stream('event: app-error\ndata: 1\n\n') },
  F19: { broken: stream('event: message\ndata: 1\n\n') },
  F20: {
    broken: stream('event: other\ndata: 1\n\n'),
    options: { expectTypes: ['message', 'tick'] },
    sound: stream('event: tick\ndata: 1\n\n')
  },
  F21: { broken: stream('data: [object Object]\n\n') },
  F22: { broken: stream('data: undefined\n\n'), sound: stream('data: null\n\n') },
  F23: {
    broken: stream('data: "{\\"a\\":1}"\n\n', 'data: "{\\"a\\":2}"\n\n'),
    sound: stream('data: "the list "\n\n', 'data: "[1]"\n\n', 'data: "[2]"\n\n')
  },
  F24: { broken: stream('data: {"a":"x\ndata: y"}\n\n'), sound: stream('data: {"a":\ndata: 1}\n\n') },
  F25: { broken: stream('data: ', { repeat: ['x'], times: 70_000 }, '\n\n') },
  F26: { broken: stream('data: ', { repeat: ['x'], times: 5 * 1024 * 1024 }), options: { duration: 1500 } },
  F27: { broken: stream('foo: bar\n\n'), sound: stream(': foo\n\n') },
  F28: { broken: stream('data: a\0b\n\n') },

  R01: { broken: stream('id: a\0b\ndata: 1\n\n') },
  R02: { broken: stream('id: €7\ndata: 1\n\n') },
  R03: { broken: stream('id: 7 \ndata: 1\n\n'), sound: stream('id: 7 8\ndata: 1\n\n') },
  R04: { broken: stream(`id: ${'7'.repeat(5000)}\ndata: 1\n\n`) },
  R05: { broken: stream('id: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\ndata: 1\n\n') },
  R06: { broken: but({ again: { stream: ['retry: 3100\n\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\n'] } }) },
  R07: { broken: but({ again: { stream: ['retry: 3100\n\nid: 1\ndata: 10\n\nid: 2\ndata: 20\n\n'] } }) },
  R08: { broken: stream(`id: ${uuid(1)}\ndata: 1\n\nid: ${uuid(2)}\ndata: 1\n\n`) },
  R09: {
    broken: stream('id: 7\ndata: 1\n\nid: 7\ndata: 2\n\n'),
    sound: stream('id: 7\ndata: 1\n\ndata: 2\n\n')
  },
  R10: { broken: but({ bogus: { status: 500, end: 'close' } }) },
  R11: { broken: but({ again: { stream: ['retry: 3100\n\nid: 2\ndata: 2\n\n'] } }) },
  R13: {
    broken: {
      connections: [
        first,
        later,
        later,
        { headers, stream: ['retry: 3200\n\nid: 1\ndata: 1\n\n'] },
        second,
        later
      ],
      repeat: true
    },
    sound: {
      connections: [first, later, later, { headers, stream: ['retry: 3200\n\nid: 1\ndata: 1\n\n'] }, later],
      repeat: true
    }
  },
  R14: { broken: stream('id\ndata: 3\n\n') },
  R15: { broken: stream('retry: 1.5\n\n') },
  R16: { broken: stream('retry: 0\n\n'), sound: stream('retry: 1000\n\n') },
  R17: { broken: stream('retry: 400000\n\n') },
  R18: { broken: only('id: 1\ndata: 1\n\n') },
  R19: { broken: but({ again: { stream: ['retry: 3000\n\nid: 3\ndata: 3\n\n'] } }) },
  R20: { broken: only(...[1, 2, 3].map((n) => `retry: 3000\n${n === 1 ? 'id: 1\n' : ''}data: ${n}\n\n`)) },
  R21: {
    broken: but({ plain: { end: 'close' }, again: { end: 'close' } }),
    sound: ended(event)
  },
  R22: {
    broken: but({ first: later }),
    sound: but({ first: { stream: ['retry: 3100\n\n', 'event: gap\ndata: 1\n\n', 'id: 3\ndata: 3\n\n'] } })
  },
  R23: { broken: but({ plain: { end: 'close' } }), sound: ended(event) },

  R24: { broken: only('retry: 3000\n\ndata: 1\n\n') },

  X01: {
    broken: good,
    sound: but({ origin: { headers: { 'Access-Control-Allow-Origin': '{request-origin}' } } }),
    options: { origin: 'https://app.example' }
  },
  X02: {
    broken: but({ origin: { headers: { ...allowAll, 'Access-Control-Allow-Credentials': 'true' } } }),
    sound: but({ origin: { headers: allowAll } })
  },
  X03: {
    broken: but({
      origin: {
        headers: {
          'Access-Control-Allow-Origin': '{request-origin}',
          'Access-Control-Allow-Credentials': 'true'
        }
      }
    }),
    sound: but({ origin: { headers: { 'Access-Control-Allow-Origin': '{request-origin}' } } })
  },
  X04: {
    broken: but({
      origin: {
        headers: {
          'Cache-Control': 'no-cache, no-transform',
          'Access-Control-Allow-Origin': '{request-origin}'
        }
      }
    }),
    sound: but({
      origin: {
        headers: {
          'Cache-Control': 'no-cache, no-transform',
          'Access-Control-Allow-Origin': '{request-origin}',
          Vary: 'Accept, Origin'
        }
      }
    })
  },
  X05: {
    broken: but({
      origin: { status: 307, headers: { Location: '{url}' }, stream: [], end: 'close' },
      bogus: { headers: allowAll }
    })
  },
  X06: {
    broken: but(
      { origin: { headers: allowAll } },
      { status: 204, headers: { ...allowAll, 'Content-Type': null } }
    ),
    sound: but({ origin: { headers: allowAll } })
  },
  X07: {
    broken: but({ origin: { headers: allowAll } }, streamHead),
    sound: but({ origin: { headers: allowAll } })
  },
  X08: {
    broken: but({ origin: { headers: allowAll } }, { status: 401, end: 'close' }),
    sound: but({ origin: { headers: allowAll } })
  },
  X09: {
    broken: but({ origin: { headers: { ...allowAll, 'Mcp-Session-Id': '1' } } }),
    sound: but({
      origin: {
        headers: { ...allowAll, 'Mcp-Session-Id': '1', 'Access-Control-Expose-Headers': 'Mcp-Session-Id' }
      }
    }),
    options: { profile: 'mcp' }
  },

  S07: { broken: good, query: '?token=1' },
  S08: {
    broken: {
      connections: [first, later, later, second, later, { status: 401, end: 'close' }, later],
      repeat: true
    },
    sound: {
      connections: [
        first,
        later,
        later,
        second,
        { status: 403, end: 'close' },
        { status: 401, end: 'close' },
        later
      ],
      repeat: true
    },
    options: { headers: [{ name: 'Cookie', value: 'session=1' }] }
  },
  S09: { broken: stream('data: Error: no\ndata:     at run (/srv/app.js:10:20)\n\n') },
  S10: { broken: head({ Server: 'thing/1.2' }), sound: head({ Server: 'thing' }) },

  D01: {
    broken: but({ plain: { status: 405, headers: { 'Content-Type': null }, end: 'close' } }),
    options: { profile: 'openai' }
  },
  D02: {
    broken: stream('data: [DONE]\n\ndata: 1\n\n'),
    sound: stream('data: 1\n\ndata: [DONE]\n\n'),
    options: { profile: 'openai' }
  },
  D03: { broken: ended(event), sound: ended(event, 'data: [DONE]\n\n'), options: { profile: 'openai' } },
  D04: {
    broken: stream('event: ping\ndata: {"type":"pong"}\n\n'),
    sound: stream('event: ping\ndata: {"type":"ping"}\n\n'),
    options: { profile: 'anthropic' }
  },
  D05: {
    broken: stream('data: {"error":{"message":"no"}}\n\n'),
    sound: stream('data: {"error":null}\n\n'),
    options: { profile: 'openai' }
  },
  D06: {
    broken: stream('data: words\n\n'),
    sound: stream('data: [DONE]\n\n'),
    options: { profile: 'openai' }
  },
  D07: {
    broken: only('retry: 3000\nid: 0\ndata:\n\n'),
    options: { profile: 'mcp' }
  },
  D08: {
    broken: only(opening, 'id: 0\ndata: 1\n\n'.repeat(3)),
    implied: { R09: 'three events are more than two' },
    options: { profile: 'mcp' }
  },
  D09: {
    broken: but({
      plain: {
        status: 400,
        headers: { 'Content-Type': 'application/json' },
        stream: ['{"jsonrpc":"2.0","error":{"code":-32000,"message":"no session"}}'],
        end: 'close'
      }
    }),
    options: { profile: 'mcp' }
  },
  D10: {
    broken: only(opening, 'id: 1\nevent: update\ndata: {}\n\n'),
    sound: only(opening, 'event: next\ndata: {}\n\nevent: complete\ndata:\n\n'),
    options: { profile: 'graphql-sse' }
  },
  D11: { broken: stream('data: 💓\n\n'), sound: stream('data: a 💓\n\n') },
  D12: { broken: stream(': comment\n\n'), options: { profile: 'openai' } }
};
