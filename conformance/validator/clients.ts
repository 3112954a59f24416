import { hasEnded, isStreamHead, type Exchange } from './observe.ts';
import measured from './measured.json' with { type: 'json' };
import { plural, quote, type Finding } from './rule.ts';
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

/** What some clients make of a stream otherwise than the standard: those that fail one of these cases of the suite. */
interface Behaviour {
  cases: string[];
  when(facts: Facts): boolean;
  says: string;
  /** It gets nothing at all. */
  refuses?: true;
}

/** Of the cases that `behaviours` name, those that a family of clients failed when it was measured. */
export interface Family {
  name: string;
  fails: string[];
}

const families: Family[] = measured;

export const behaviours: Behaviour[] = [
  {
    cases: ['charset-parameter-never-matters', 'type-with-charset-utf8-label-is-right-and-read-as-utf-8'],
    when: ({ found }) => Boolean(found('H02') ?? found('H03')),
    says: 'fails the connection, because of the charset: no event arrives',
    refuses: true
  },
  {
    cases: ['nul-in-data-is-content'],
    when: ({ found }) => found('F28') !== undefined,
    says: 'reads data with U+0000 in another way'
  },
  {
    cases: ['id-with-nul-is-ignored'],
    when: ({ found }) => found('R01') !== undefined,
    says: 'reads an id with U+0000 in another way'
  },
  {
    cases: ['id-of-a-block-without-data-is-sent-on-reconnection'],
    when: ({ idWithoutData }) => idWithoutData,
    says: 'forgets the id of a block without data'
  },
  {
    cases: ['one-leading-bom-is-removed'],
    when: ({ found }) => found('F08') !== undefined,
    says: 'does not remove the byte order mark: the first line is lost'
  },
  {
    cases: ['cr-ends-a-line', 'event-fires-at-the-cr-of-its-blank-line'],
    when: ({ found }) => found('F12') !== undefined,
    says: 'does not take a CR for the end of a line, or not at once'
  },
  {
    // The first fails by the cut alone, which without a pause comes and goes.
    cases: ['crlf-ends-a-line', 'lf-after-cr-in-the-next-chunk-is-swallowed'],
    when: ({ trace }) => trace.ends.CRLF !== undefined,
    says: 'reads lines that end with CRLF in another way'
  },
  {
    cases: ['two-byte-sequence-may-be-cut', 'three-byte-sequence-may-be-cut-anywhere'],
    when: ({ found }) => found('F10') !== undefined,
    says: 'breaks characters that come in two reads'
  },
  {
    cases: ['one-space-after-the-colon-is-dropped', 'retry-without-space-is-valid'],
    when: ({ found }) => found('F13') !== undefined,
    says: 'reads values without a space before them in another way'
  },
  {
    cases: ['one-empty-data-line-dispatches-an-empty-string'],
    when: ({ found }) => found('F17') !== undefined,
    says: 'does not dispatch empty data'
  },
  {
    cases: ['last-event-id-is-sent-as-utf-8'],
    when: ({ found }) => found('R02') !== undefined,
    says: 'does not send such an id back as UTF-8'
  },
  {
    cases: ['retry-with-a-plus-sign-is-ignored', 'retry-with-a-trailing-space-is-ignored'],
    when: ({ found }) => /^retry: ?[ \t+]*\d+[ \t]*$/.test(found('R15')?.excerpt ?? ''),
    says: 'takes the retry that the standard ignores'
  },
  {
    cases: ['retry-of-2-to-the-32-and-one-does-not-fire-early'],
    when: ({ trace }) => (trace.reconnectionTime ?? 0) > 2 ** 32,
    says: 'comes back early: the retry is too large for it'
  },
  {
    cases: ['open-fires-before-any-byte-of-the-body'],
    when: ({ found }) => found('T10') !== undefined,
    says: 'fires open only with the first byte of the body'
  }
];

/** Sees of a stream what `describeClients` needs beside the findings. */
export function createClientObserver(): TraceObserver & { idWithoutData: boolean } {
  return {
    idWithoutData: false,
    blocks: { field: 'id' },
    block(block) {
      if (!block.event) this.idWithoutData = true;
    }
  };
}

/** A line per family: the standard, and the browsers and packages that the suite measured (measured.json). Without an exchange: of captured bytes. */
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
      says: `${events === 0 ? 'no event' : plural(events, 'event')}${trace.overflow ? ', as far as it was read' : ''}; ${verb} ${wait}, with ${id}`
    }
  ];
  for (const { name, fails } of families) {
    const own = behaviours.filter(({ cases, when }) => cases.some((id) => fails.includes(id)) && when(facts));
    const refusal = own.find(({ refuses }) => refuses);
    views.push({
      family: name,
      says:
        refusal?.says ??
        (own.length === 0 ? 'the same' : `the same, but it ${own.map(({ says }) => says).join(', and ')}`)
    });
  }
  return views;
}
