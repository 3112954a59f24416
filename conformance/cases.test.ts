import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { ConnectionScript, StreamItem } from '../fixtures-server/stream-script.ts';
import type { Case, CaseFile, ExpectedEvent } from './case.ts';
import { interpretWholeStream } from './oracle.ts';

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const files = readdirSync(new URL('cases/', import.meta.url))
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, file: read(`cases/${name}`) as CaseFile }));
const all = files.flatMap(({ file }) => file.cases);
const ofTheStream = files.filter(({ name }) =>
  ['parsing.json', 'fields.json', 'dispatching.json'].includes(name)
);

const anchors = [
  'parsing-an-event-stream',
  'event-stream-interpretation',
  'dispatchMessage',
  'processField',
  'concept-event-stream-reconnection-time',
  'concept-event-stream-last-event-id',
  'the-last-event-id-header',
  'sse-processing-model',
  'the-eventsource-interface',
  'authoring-notes',
  'https://encoding.spec.whatwg.org/#utf-8-decode'
];

function bytesOf(items: StreamItem[]): number[] {
  return items.flatMap((item) => {
    if (typeof item === 'string') return [...Buffer.from(item, 'utf8')];
    if ('hex' in item) return [...Buffer.from(item.hex.replaceAll(' ', ''), 'hex')];
    if ('repeat' in item) return Array<number[]>(item.times).fill(bytesOf(item.repeat)).flat();
    return [];
  });
}

/** What the oracle says of each connection, and all events that a faithful client observes. */
function predict(each: Case) {
  const observed = ['open', 'message', 'error', ...(each.client?.listen ?? [])];
  const events: ExpectedEvent[] = [];
  let lastEventId = '';
  let reconnectionTime = 3000;
  const connections = each.connections.map((connection: ConnectionScript) => {
    const result = interpretWholeStream(bytesOf(connection.stream ?? []), lastEventId);
    lastEventId = result.lastEventId;
    reconnectionTime = result.retry ?? reconnectionTime;
    events.push({ type: 'open' }, ...result.events.filter((event) => observed.includes(event.type)));
    if ((connection.end ?? 'hang') !== 'hang') events.push({ type: 'error' });
    return { lastEventId, reconnectionTime };
  });
  return { events, connections };
}

/** What of an event came over the wire; data only by its length where `like` has no more. */
const wireMembers = ({ type, data, dataLength, lastEventId }: ExpectedEvent, like?: ExpectedEvent) =>
  like?.dataLength !== undefined && like.data === undefined
    ? { type, dataLength: dataLength ?? data?.length, lastEventId }
    : { type, data, lastEventId };

describe.each(files)('$name', ({ name, file }) => {
  test('follows the schema', () => {
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(read('case.schema.json'));
    validate(file);
    expect(validate.errors ?? []).toEqual([]);
    expect(`${file.section}.json`).toBe(name);
  });

  // Deno keeps the handlers that are set on the prototype for every source.
  test('has no script that sets a member of a prototype or a global object, which the cases share', () => {
    const scripts = file.cases.flatMap(({ client }) => client?.script ?? []);
    expect(scripts.filter((line) => /\b(prototype|global)(\.\w+|\[[^\]]*\])\s*=[^=]/.test(line))).toEqual([]);
  });
});

describe.each(ofTheStream)('the oracle agrees with $name', ({ file }) => {
  test.each(file.cases.map((each) => [each.id, each] as const))('%s', (_id, each) => {
    expect(anchors).toContain(each.spec);
    if (each.client?.script !== undefined) {
      expect(each.expect.log).toBeDefined();
      return;
    }
    const { events, connections } = predict(each);
    const expected = each.expect.events!;
    expect(expected.map((event) => wireMembers(event, event))).toEqual(
      events.map((event, index) => wireMembers(event, expected[index]))
    );
    for (const event of expected) {
      if (event.data !== undefined && event.dataLength !== undefined)
        expect(event.dataLength).toBe(event.data.length);
    }

    const last = expected.at(-1)!.type;
    expect(last, 'until would count all events').not.toBe('*');
    const nth = expected.filter((event) => event.type === last).length;
    expect({ nth: 1, ...each.until }).toEqual({ event: last, nth });

    each.expect.requests?.forEach((request, index) => {
      const before = connections[index - 1];
      const header = request.headers?.['Last-Event-ID'];
      if (header !== undefined) expect(header).toBe(before?.lastEventId || null);
      if (request.delay) {
        expect(before!.reconnectionTime).toBeGreaterThanOrEqual(request.delay.min!);
        expect(before!.reconnectionTime).toBeLessThanOrEqual(request.delay.max ?? Infinity);
      }
    });
    if (each.expect.requests) expect(each.expect.requests).toHaveLength(each.connections.length);
  });
});

test('ids are unique kebab-case sentences', () => {
  const ids = all.map((each) => each.id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/);
});

test('a case waits for the longest delays that it accepts', () => {
  const short = all.filter(({ limit = 4000, expect: { requests = [] } }) => {
    const longest = requests.reduce((sum, { delay }) => sum + (delay?.max ?? 0), 0);
    return limit <= longest;
  });
  expect(short.map(({ id }) => id)).toEqual([]);
});

test('the schema refuses what it does not know', () => {
  const validate = new Ajv2020({ strict: true }).compile(read('case.schema.json'));
  const [first] = ofTheStream[0]!.file.cases;
  const withCase = (changes: object) => ({ section: 'parsing', cases: [{ ...first, ...changes }] });
  expect(validate(withCase({}))).toBe(true);
  for (const changes of [
    { id: 'Not Kebab' },
    { level: 'shall' },
    { unknown: 1 },
    { connections: [{ stream: [{ hex: 'C' }] }] },
    { connections: [{ steam: [] }] },
    { expect: { events: [{ type: 'open', dta: '' }] } }
  ])
    expect(validate(withCase(changes)), JSON.stringify(changes)).toBe(false);
});
