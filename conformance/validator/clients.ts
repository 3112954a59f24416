import { hasEnded, isStreamHead, type Exchange } from './observe.ts';
import { quote, type Finding } from './rule.ts';
import { decodeUtf8, type Trace, type TraceObserver } from './trace.ts';

/** What one family of clients makes of the stream that was seen. */
export interface ClientView {
  family: string;
  says: string;
}

interface Facts {
  /** A block had an id and no data. */
  idWithoutData: boolean;
  found(rule: string): Finding | undefined;
  trace: Trace;
}

/** Where a native EventSource departs from the standard: measured by the suite, in these cases. */
interface Departure {
  family: (typeof families)[number];
  cases: string[];
  when(facts: Facts): boolean;
  says: string;
  /** It gets nothing at all. */
  refuses?: true;
}

const families = ['Chromium (156)', 'Firefox (153)', 'WebKitGTK (2.50)'] as const;
const [chromium, firefox, webkit] = families;

export const departures: Departure[] = [
  {
    family: chromium,
    cases: ['charset-parameter-never-matters', 'type-with-charset-utf8-label-is-right-and-read-as-utf-8'],
    when: ({ found }) => Boolean(found('H02') ?? found('H03')),
    says: 'fails the connection, because of the charset: no event arrives',
    refuses: true
  },
  {
    family: firefox,
    cases: ['nul-in-data-is-content', 'id-with-nul-is-ignored'],
    when: ({ found }) => Boolean(found('F28') ?? found('R01')),
    says: 'reads lines with U+0000 in another way'
  },
  {
    family: firefox,
    cases: ['id-of-a-block-without-data-is-sent-on-reconnection'],
    when: ({ idWithoutData }) => idWithoutData,
    says: 'forgets the id of a block without data'
  },
  {
    family: webkit,
    cases: ['id-of-a-block-without-data-is-sent-on-reconnection'],
    when: ({ idWithoutData }) => idWithoutData,
    says: 'forgets the id of a block without data'
  },
  {
    family: webkit,
    cases: ['one-leading-bom-is-removed'],
    when: ({ found }) => Boolean(found('F08')),
    says: 'does not remove the byte order mark: the first line is lost'
  },
  {
    family: webkit,
    cases: ['retry-with-a-plus-sign-is-ignored', 'retry-with-a-trailing-space-is-ignored'],
    when: ({ found }) => /^retry: ?[ \t+]*\d+[ \t]*$/.test(found('R15')?.excerpt ?? ''),
    says: 'takes the retry that the standard ignores'
  },
  {
    family: firefox,
    cases: ['retry-of-2-to-the-32-and-one-does-not-fire-early'],
    when: ({ trace }) => (trace.reconnectionTime ?? 0) > 2 ** 32,
    says: 'comes back early: the retry is too large for it'
  },
  {
    family: firefox,
    cases: ['open-fires-before-any-byte-of-the-body'],
    when: ({ found }) => found('T10') !== undefined,
    says: 'fires open only with the first byte of the body'
  }
];

/** Findings that clients over fetch are known to stumble at, in a few words. */
const stumblingBlocks: Record<string, string> = {
  F08: 'the byte order mark',
  F10: 'characters cut in two',
  F11: 'the different line ends',
  F12: 'lines ended by CR',
  F13: 'colons without a space',
  F25: 'the size of events',
  R02: 'ids that are not ASCII',
  X06: 'the preflight for Last-Event-ID',
  X07: 'the preflight for Last-Event-ID',
  X08: 'the preflight for Last-Event-ID'
};

/** Sees of a stream what `describeClients` needs beside the findings. */
export function createClientObserver(): TraceObserver & { idWithoutData: boolean } {
  return {
    idWithoutData: false,
    block(block) {
      if (block.id !== undefined && !block.event) this.idWithoutData = true;
    }
  };
}

/** A line per family: the standard, the natives that the suite measured, packages over fetch. Without an exchange: of captured bytes. */
export function describeClients(
  trace: Trace | undefined,
  findings: Finding[],
  { idWithoutData }: { idWithoutData: boolean },
  exchange?: Exchange
): ClientView[] {
  if (!trace || (exchange && !isStreamHead(exchange.head))) return [];
  const found = (rule: string) => findings.find((finding) => finding.rule === rule);
  const facts: Facts = { idWithoutData, found, trace };
  const { events, lastEventId, reconnectionTime } = trace;
  const id = lastEventId === '' ? 'no id' : `Last-Event-ID ${quote(decodeUtf8(lastEventId), 40)}`;
  const wait = reconnectionTime === undefined ? 'after a time of its own' : `after ${reconnectionTime} ms`;
  const verb = !exchange || hasEnded(exchange) ? 'reconnects' : 'would reconnect';
  const views: ClientView[] = [
    {
      family: 'the standard',
      says: `${events === 0 ? 'no event' : events === 1 ? '1 event' : `${events} events`}; ${verb} ${wait}, with ${id}`
    }
  ];
  for (const family of families) {
    const own = departures.filter((departure) => departure.family === family && departure.when(facts));
    const refusal = own.find(({ refuses }) => refuses);
    views.push({
      family,
      says:
        refusal?.says ??
        (own.length === 0 ? 'the same' : `the same, but it ${own.map(({ says }) => says).join(', and ')}`)
    });
  }
  const blocks = [...new Set(findings.flatMap(({ rule }) => stumblingBlocks[rule] ?? []))];
  views.push({
    family: 'packages over fetch',
    says: blocks.length === 0 ? 'the same' : `the same at best; some stumble at ${blocks.join(', ')}`
  });
  return views;
}
