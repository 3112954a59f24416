import { sections, type Case, type Section } from '../case.ts';
import type { ObservedEvent } from '../observation.ts';
import type { Cell, Column, Report, Run, Verdict } from '../report.ts';
import type { RequestRecord } from '../../fixtures-server/request-log.ts';

/** Text that must come out of every renderer harmless. */
export const hostile =
  '</script><img src=x onerror="document.title=1"><!-- ]]> | `tick` *star* \u0000\u001b[31m\u202eabc\u2028\ud800 \u00e9 \u05d0\u05d1';

const start = Date.UTC(2026, 9, 20, 9, 30);

function sampleColumns(count: number): Column[] {
  const engines = ['chromium', 'firefox', 'node', 'jsdom', 'deno'];
  const implementations = ['native', 'truesource-fetch', 'truesource-xhr'];
  return Array.from({ length: count }, (_, i) => ({
    engine: engines[Math.floor(i / 3)] ?? `engine-${i}`,
    ...(i >= 3 && i < 6 && { global: 'dedicated worker' as const }),
    implementation: implementations[i % 3] ?? '',
    version: `${140 + i}.0.1`,
    status: 'ran' as const,
    duration: 12345.6 + i
  }));
}

function sampleCase(i: number, section: Section): Case & { section: Section } {
  const data = i === 1 ? hostile : `value ${i}`;
  return {
    id:
      i === 2
        ? 'an-id-that-is-so-long-that-it-takes-more-room-than-the-first-column-has'
        : `sample-case-${i}`,
    title: i === 1 ? `Title with ${hostile}` : `The data of case ${i} is dispatched when its block ends`,
    spec: i % 7 ? 'event-stream-interpretation' : 'https://fetch.spec.whatwg.org/#concept-fetch',
    level: i === 9 ? 'may' : i % 10 ? 'must' : 'should',
    connections: [
      {
        stream: [`id: ${i}\ndata: ${data}\n`, { pause: 20 }, '\n', { hex: 'EF BB BF 00 FF' }],
        end: 'close'
      }
    ],
    ...(i % 5
      ? {}
      : { requires: ['base-url' as const], client: { listen: ['custom'], close: 'at once' as const } }),
    until: { event: 'message', settle: 50 },
    expect: {
      events: [{ type: 'open' }, { type: 'message', data, lastEventId: String(i) }],
      requests: [{ method: 'GET', headers: { accept: 'text/event-stream', 'last-event-id': null } }],
      readyState: 1
    },
    ...(i % 9 ? {} : { alternatives: [{ reason: 'The buffer may be kept', events: [{ type: 'open' }] }] }),
    section
  };
}

export function sampleEvent(type: string, at: number, extra: Partial<ObservedEvent> = {}): ObservedEvent {
  return {
    type,
    readyState: 1,
    kind: type === 'message' ? 'MessageEvent' : 'Event',
    target: true,
    currentTarget: true,
    eventPhase: 2,
    bubbles: false,
    cancelable: false,
    isTrusted: true,
    at,
    ...extra
  };
}

function sampleRequest(i: number, column: Column, c: number): RequestRecord {
  const at = start + i * 137.31 + c * 1013.77;
  const data = i === 1 ? hostile : `value ${i}`;
  const latin1 = Array.from(new TextEncoder().encode(data), (byte) => String.fromCharCode(byte)).join('');
  const bytes = [
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n',
    `1a\r\nid: ${i}\ndata: ${latin1}\n\r\n`,
    '1\r\n\n\r\n',
    '5\r\n\xef\xbb\xbf\x00\xff\r\n'
  ];
  return {
    token: `t${c}-${i}`,
    play: `sample-case-${i}`,
    method: 'GET',
    target: `/play/t${c}-${i}/sample-case-${i}`,
    httpVersion: '1.1',
    headers: [
      ['Host', '127.0.0.1:4401'],
      ['Connection', 'keep-alive'],
      ['Accept', 'text/event-stream'],
      ['Cache-Control', 'no-cache'],
      ['User-Agent', `Mozilla/5.0 (X11; Linux x86_64) ${column.engine}/${column.version}`],
      ['Referer', 'http://127.0.0.1:4400/'],
      ['Accept-Language', 'en-US,en;q=0.9'],
      ['X-Odd', i === 1 ? '</script><b>\xff' : 'none']
    ],
    origin: 'http://127.0.0.1:4401',
    at,
    connection: 0,
    writes: bytes.map((each, n) => ({
      at: at + n * 7.123 + (i % 13) / 10,
      bytes: each,
      length: each.length
    })),
    endedAt: at + 40.25,
    closedAt: at + 41.5 + c / 10
  };
}

/** A deterministic report: mostly passes, each other verdict and what a run may have besides somewhere, hostile text in case 1, and three columns that did not run. */
export function sampleReport(options: { cases?: number; columns?: number } = {}): Report {
  const { cases: caseCount = 24, columns: columnCount = 6 } = options;
  const cases = Array.from({ length: caseCount }, (_, i) =>
    sampleCase(i, sections[Math.floor((i * sections.length) / caseCount)] ?? 'parsing')
  );
  const ran = sampleColumns(columnCount);
  const cells = cases.flatMap((each, i) =>
    ran.map((column, c): Cell => {
      const ours = column.implementation.startsWith('truesource');
      const verdicts: Record<number, Verdict> = {
        3: ours ? 'pass' : 'fail',
        4: c === 1 ? 'fail' : 'pass',
        5: ours ? 'fail' : 'pass',
        7: 'unsupported',
        8: c === 0 ? 'allowed' : 'pass',
        9: c === 0 ? 'differs' : 'pass',
        11: c === 2 ? 'not observed' : 'pass'
      };
      const verdict = (i === 1 && c === 0 ? 'fail' : verdicts[i]) ?? 'pass';
      const failed = verdict === 'fail' || verdict === 'differs';
      const differences = failed
        ? [
            {
              what: 'events[1].data',
              expected: i === 1 ? hostile : '"value"',
              observed: i === 1 ? `${hostile} and more` : '"valu"'
            },
            { what: 'readyState', expected: '1', observed: '0' }
          ]
        : [];
      const request = sampleRequest(i, column, c);
      const at = 20.123 + ((i * 31 + c * 17) % 97) / 10;
      const first: Run = {
        chunking: 'as-written',
        verdict,
        differences,
        ...(verdict === 'unsupported' ? { why: 'there is no document' } : {}),
        ...(verdict === 'not observed' ? { why: 'the page never answered' } : {}),
        ...(verdict === 'differs'
          ? {
              reruns: [`differs: ${hostile}`],
              leak: 'requests[0] was still open 5000 ms after its source had been closed'
            }
          : {}),
        ...(i === 7 && c === 1
          ? {
              observation: {
                events: [],
                log: [],
                lacks: 'there is no document',
                readyState: null,
                over: 'until' as const,
                at
              },
              requests: []
            }
          : {}),
        ...(verdict === 'unsupported' || verdict === 'not observed'
          ? {}
          : {
              observation: {
                url: `http://127.0.0.1:4401${request.target}`,
                withCredentials: false,
                events: [
                  sampleEvent('open', at),
                  sampleEvent('message', at + 8.4, {
                    data: i === 1 ? hostile : `value ${i}`,
                    dataLength: 8,
                    lastEventId: String(i),
                    origin: 'http://127.0.0.1:4401'
                  })
                ],
                log: i === 1 ? [hostile, { __proto__: null, [hostile]: 1 }] : [],
                readyState: failed ? 0 : 1,
                over: 'until' as const,
                at: at + 58.9
              },
              requests: [request]
            })
      };
      const others = each.section === 'parsing' ? ['whole', 'one byte a write', 'cut before each LF'] : [];
      return {
        case: each.id,
        engine: column.engine,
        implementation: column.implementation,
        ...(column.global && { global: column.global }),
        verdict,
        ...(i === 5 && ours
          ? {
              expectedFailure: {
                reason: `No userland code can set it: ${hostile}`,
                clause: 'dom-event-istrusted'
              }
            }
          : {}),
        unexpected: ours && ((i === 4 && failed) || (i === 6 && c === 1)),
        runs: [first, ...others.map((chunking): Run => ({ chunking, verdict, differences: [] }))]
      };
    })
  );
  return {
    schema: 1,
    truesource: '0.1.0',
    standard: '0123456789abcdef0123456789abcdef01234567',
    startedAt: new Date(start).toISOString(),
    duration: 48213.4,
    host: 'Debian GNU/Linux 12, x64, 2 cores',
    columns: [
      ...ran,
      ...['native', 'truesource-fetch'].map((implementation): Column => ({
        engine: 'webkitgtk',
        implementation,
        status: 'not installed',
        note: 'apt-get install webkit2gtk-driver xvfb xauth'
      })),
      {
        engine: 'phantomjs',
        implementation: 'truesource-xhr',
        version: '2.1.1',
        status: 'broken',
        note: `ended with code 1: ${hostile}`
      }
    ],
    cases,
    cells,
    stale: [
      {
        case: 'sample-case-9',
        engine: 'chromium',
        implementation: 'truesource-xhr',
        reason: `Fixed long ago ${hostile}`
      }
    ]
  };
}
