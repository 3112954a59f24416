import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../fixtures-server/request-log.ts';
import type { Case, Expectation } from './case.ts';
import type { Observation, ObservedEvent } from './observation.ts';
import { sampleEvent } from './reports/sample-report.ts';
import { judge, worst } from './verdict.ts';

const names = {
  origin: 'http://a:1',
  otherOrigin: 'http://a:2',
  url: 'http://a:1/sse/t/x',
  otherUrl: 'http://a:2/sse/t/x'
};

function event(type: string, more: Partial<ObservedEvent> = {}): ObservedEvent {
  return sampleEvent(type, 1, { kind: 'Event', ...more });
}

function observe(more: Partial<Observation> = {}): Observation {
  return { events: [], log: [], readyState: 1, over: 'until', at: 2, ...more };
}

function request(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    token: 't',
    play: 'x',
    method: 'GET',
    target: '/sse/t/x',
    httpVersion: '1.1',
    headers: [],
    origin: names.origin,
    at: 1000,
    connection: 0,
    writes: [],
    endedAt: null,
    closedAt: null,
    ...more
  };
}

function judged(
  expected: Expectation,
  observation?: Observation,
  requests?: RequestRecord[],
  more: Partial<Case> = {}
) {
  const testCase: Case = {
    id: 'x',
    title: '',
    spec: '',
    level: 'must',
    connections: [],
    expect: expected,
    ...more
  };
  const { verdict, differences } = judge(testCase, observation, requests, names);
  return [
    verdict,
    ...differences.map((difference) => `${difference.what}: ${difference.expected} | ${difference.observed}`)
  ];
}

describe('judge', () => {
  it('passes what agrees in all that is named', () => {
    const observation = observe({
      url: names.url,
      withCredentials: false,
      log: [[names.otherUrl, { a: null }]],
      events: [event('open'), event('message', { data: 'x', origin: names.origin, lastEventId: '' })]
    });
    expect(
      judged(
        {
          url: '{url}',
          withCredentials: false,
          readyState: 1,
          log: [['{other-url}', { a: null }]],
          events: [
            { type: 'open' },
            { type: 'message', data: 'x', dataLength: 1, origin: '{origin}', lastEventId: '' }
          ],
          requests: [
            {
              method: 'GET',
              origin: '{origin}',
              headers: { Accept: 'text/event-stream', 'Last-Event-ID': null }
            }
          ]
        },
        observation,
        [request({ method: 'OPTIONS' }), request({ headers: [['accept', 'text/event-stream']] })]
      )
    ).toEqual(['pass']);
  });

  it.each<[string, Expectation, Observation, RequestRecord[], string]>([
    ['url', { url: '{url}' }, observe({ url: 'other' }), [], 'url: "http://a:1/sse/t/x" | "other"'],
    ['state', { readyState: 2 }, observe(), [], 'readyState: 2 | 1'],
    ['credentials', { withCredentials: true }, observe(), [], 'withCredentials: true | nothing'],
    ['log', { log: [1] }, observe({ log: [1, 2] }), [], 'log: [1] | [1,2]'],
    ['a missing event', { events: [{ type: 'open' }] }, observe(), [], 'events[0]: open | none'],
    [
      'an event too many',
      { events: [] },
      observe({ events: [event('error')] }),
      [],
      'events[0]: none | error'
    ],
    [
      'the last event ID',
      { events: [{ type: 'a', lastEventId: '1' }] },
      observe({ events: [event('a', { lastEventId: '2' })] }),
      [],
      'events[0].lastEventId: "1" | "2"'
    ],
    [
      'data',
      { events: [{ type: 'a', data: 'x' }] },
      observe({ events: [event('a', { data: 'y' })] }),
      [],
      'events[0].data: "x" | "y"'
    ],
    [
      'length',
      { events: [{ type: 'a', dataLength: 9 }] },
      observe({ events: [event('a', { data: 'y', dataLength: 8 })] }),
      [],
      'events[0].dataLength: 9 | 8'
    ],
    [
      'a missing throw',
      { throws: { name: 'TypeError' } },
      observe(),
      [],
      'throws: {"name":"TypeError"} | "nothing was thrown"'
    ],
    ['a throw', {}, observe({ threw: { name: 'E', message: 'm' } }), [], 'throws: "nothing" | "E: m"'],
    [
      'the code',
      { throws: { name: 'E', code: 12 } },
      observe({ threw: { name: 'E', message: '' } }),
      [],
      'throws.code: 12 | nothing'
    ],
    ['no request', { requests: [{}] }, observe(), [], 'requests[0]: a request | none'],
    ['a request too many', { requests: [] }, observe(), [request()], 'requests[0]: none | GET /sse/t/x'],
    [
      'a header that must be absent',
      { requests: [{ headers: { 'last-event-id': null } }] },
      observe(),
      [request({ headers: [['Last-Event-ID', '1']] })],
      'requests[0].headers.last-event-id: null | "1"'
    ],
    [
      'header bytes',
      { requests: [{ headers: { 'last-event-id': 'é' } }] },
      observe(),
      [request({ headers: [['Last-Event-ID', 'é']] })],
      'requests[0].headers.last-event-id: "Ã©" | "é"'
    ],
    [
      'another query',
      { requests: [{ query: 'a=?' }] },
      observe(),
      [request({ target: '/sse/t/p?a=?&b' })],
      'requests[0].query: "a=?" | "a=?&b"'
    ],
    [
      'a query that is there',
      { requests: [{ query: null }] },
      observe(),
      [request({ target: '/sse/t/p?' })],
      'requests[0].query: null | ""'
    ],
    [
      'too early',
      { requests: [{}, { delay: { min: 50 } }] },
      observe(),
      [request({ writes: [{ at: 1000, bytes: '', length: 0 }], endedAt: 1010 }), request({ at: 1049 })],
      'requests[1].delay: {"min":50} | "49.0 ms"'
    ],
    [
      'too late',
      { requests: [{}, { delay: { max: 50 } }] },
      observe(),
      [request({ writes: [{ at: 990, bytes: '', length: 0 }], endedAt: 1000 }), request({ at: 1051 })],
      'requests[1].delay: {"max":50} | "51.0 ms"'
    ],
    [
      'a connection that stays open',
      { requests: [{ closed: true }] },
      observe({ at: 1500 }),
      [request()],
      'requests[0].closed: "500 ms before the end" | "still open"'
    ],
    [
      'a connection that is closed at the end only',
      { requests: [{}, { closed: true }] },
      observe({ at: 1500 }),
      [request(), request({ at: 1200, closedAt: 2001 })],
      'requests[1].closed: "500 ms before the end" | "499.0 ms before the end"'
    ],
    [
      'one that need not be sent stays open',
      { requests: [{ optional: true, closed: true }] },
      observe(),
      [request()],
      'requests[0].closed: "500 ms before the end" | "still open"'
    ],
    [
      'one too many of them',
      { requests: [{ optional: true }] },
      observe(),
      [request(), request()],
      'requests[1]: none | GET /sse/t/x'
    ],
    [
      'no end before',
      { requests: [{}, { delay: { min: 0 } }] },
      observe(),
      [request(), request()],
      'requests[1].delay: {"min":0} | "unknown: the connection before did not end"'
    ]
  ])('fails on %s', (_name, expected, observation, requests, difference) => {
    expect(judged(expected, observation, requests)).toEqual(['fail', difference]);
  });

  it('does not miss a request that need not be sent', () => {
    const expected = { requests: [{}, { optional: true, closed: true }] } as const;
    expect(judged({ requests: [...expected.requests] }, observe(), [request()])).toEqual(['pass']);
  });

  it('counts a connection that is closed half a second before the end', () => {
    const closed = request({ closedAt: 2000 });
    expect(judged({ requests: [{ closed: true }] }, observe({ at: 1500 }), [closed])).toEqual(['pass']);
  });

  it('allows a whole alternative, and keeps the differences to the main one', () => {
    const alternatives = [
      { readyState: 0 as const, events: [], reason: 'not this' },
      { readyState: 1 as const, reason: 'this' }
    ];
    const testCase: Case = {
      id: 'x',
      title: '',
      spec: '',
      level: 'must',
      connections: [],
      expect: { readyState: 2 },
      alternatives
    };
    expect(judge(testCase, observe(), [], names)).toEqual({
      verdict: 'allowed',
      why: 'this',
      differences: [{ what: 'readyState', expected: '2', observed: '1' }]
    });
    expect(judge(testCase, observe({ readyState: 0, events: [event('open')] }), [], names).verdict).toBe(
      'fail'
    );
  });

  it('neither passes nor fails where the script found something missing', () => {
    const lacks = 'The engine has no Proxy.';
    expect(judged({ log: [] }, observe({ lacks }), [])).toEqual(['unsupported']);
  });

  it('fails no one where the standard is silent', () => {
    const testCase = { level: 'may', expect: { readyState: 2 }, alternatives: [] } as unknown as Case;
    expect(judge(testCase, observe(), [], names)).toEqual({
      verdict: 'differs',
      differences: [{ what: 'readyState', expected: '2', observed: '1' }]
    });
    expect(judge({ ...testCase, level: 'should' }, observe(), [], names).verdict).toBe('fail');
  });

  it('does not pass what was not observed', () => {
    expect(judged({})).toEqual(['not observed']);
    expect(judged({ requests: [] }, observe())).toEqual(['not observed']);
  });

  it.each<[string, Expectation, string]>([
    [
      'passes what a test service tells',
      {
        events: [
          { type: 'open', readyState: 1 },
          { type: 'message', data: 'a', lastEventId: '' }
        ],
        readyState: 1
      },
      'pass'
    ],
    ['fails on other data', { events: [{ type: 'message', data: 'b' }] }, 'fail'],
    ['fails on one event more', { events: [] }, 'fail'],
    [
      'does not pass an id that it does not tell',
      { events: [{ type: 'message', data: 'a', lastEventId: '1' }] },
      'not observed'
    ],
    [
      'does not pass that the source is closed',
      { events: [{ type: 'message', data: 'a' }], readyState: 2 },
      'not observed'
    ],
    [
      'fails on a request of a closed source',
      { events: [{ type: 'message', data: 'a' }], readyState: 2, requests: [] },
      'fail'
    ],
    [
      'does not pass members that it does not tell',
      { events: [{ type: 'message', data: 'a', origin: '{origin}' }] },
      'not observed'
    ],
    [
      'does not pass what a script logs',
      { events: [{ type: 'message', data: 'a' }], log: [] },
      'not observed'
    ]
  ])('%s', (_name, expected, verdict) => {
    const reported = [{ type: 'message', data: 'a', lastEventId: '', at: 1 }];
    expect(judged(expected, observe({ reported, readyState: null }), [request()])[0]).toBe(verdict);
  });

  it('does not judge what a test service tells of the time after an end that it does not tell', () => {
    const message = { type: 'message', data: 'a', lastEventId: '', at: 1 };
    const observation = observe({ reported: [message, message], readyState: null, over: 'limit' });
    const expected: Expectation = { events: [{ type: 'message', data: 'a' }, { type: 'error' }] };
    expect(judged(expected, observation, [request()])).toEqual(['not observed']);
    expect(judged({ ...expected, readyState: 2 }, observation, [request()])[0]).toBe('fail');
    expect(judged({ requests: [{ method: 'GET' }] }, observation, [request()])).toEqual(['pass']);
  });

  it('does not pass the opening alone, nor anything without a request, on the word of a test service', () => {
    const opening = { events: [{ type: 'open' }], requests: [{}] };
    expect(judged(opening, observe({ reported: [] }), [request()])).toEqual(['not observed']);
    const message = { type: 'message', data: 'a', lastEventId: '', at: 1 };
    expect(
      judged({ events: [{ type: 'message', data: 'a' }] }, observe({ reported: [message] }), [])[0]
    ).toBe('fail');
  });

  it('takes the worst of two verdicts', () => {
    expect(worst('pass', 'allowed')).toBe('allowed');
    expect(worst('differs', 'allowed')).toBe('differs');
    expect(worst('fail', 'not observed')).toBe('fail');
    expect(worst('unsupported', 'pass')).toBe('unsupported');
  });
});
