import { extractTheEssence } from '../../polyfill/platform/mime-type.ts';
import {
  basicCredentials,
  essenceOf,
  hasEnded,
  headerOf,
  headersOf,
  isRedirect,
  isStreamHead,
  type Exchange
} from './observe.ts';
import measured from './measured.json' with { type: 'json' };
import { plural, quote, type Finding } from './rule.ts';
import { decodeUtf8, fieldValue } from './latin1.ts';
import type { Trace } from './trace.ts';
import type { TraceObserver } from './trace-observer.ts';

/** What one family of clients makes of the stream that was seen. */
export interface ClientView {
  family: string;
  says: string;
}

/** What `describeClients` needs beside the findings. */
interface Seen {
  /** A block had an id and no data. */
  idWithoutData: boolean;
  /** An event type had U+0000. */
  typeWithNul: boolean;
  /** A line was nothing but U+0000. */
  lineOfNuls: boolean;
  /** The first two bytes are a byte order mark of UTF-16. */
  utf16Mark: boolean;
  /** The numbers of the last lines with a `retry` that did not count. */
  ignoredRetries: Partial<Record<'empty' | 'beside white space or a plus sign' | 'with U+0000', number>>;
}

interface Facts extends Seen {
  found(rule: string): Finding | undefined;
  trace: Trace | undefined;
  exchange: Exchange | undefined;
}

/** What some clients make of the stream otherwise than the standard: those that fail one of these cases of the suite. */
interface Behaviour {
  cases: string[];
  when(facts: Facts): boolean;
  /** `wait`: how long it waited to ask again in the first of the cases, s. */
  says: string | ((wait: number) => string);
  /** It gets nothing at all; or a stream, where the standard gets none. */
  instead?: 'nothing' | 'a stream';
}

/** Of the cases that `behaviours` name, those that a family of clients failed when it was measured. */
export interface Family {
  name: string;
  fails: string[];
  /** ms, of those where the wait is told. */
  waits?: Record<string, number>;
}

const families: Family[] = measured;

export const behaviours: Behaviour[] = [
  {
    cases: [
      'charset-parameter-never-matters',
      'utf-16-charset-parameter-never-matters',
      'type-with-charset-utf8-label-is-right-and-read-as-utf-8',
      'type-with-charset-unknown-is-right-and-read-as-utf-8',
      'type-with-charset-windows-1252-is-right-and-read-as-utf-8',
      'type-with-charset-utf-16-is-right-and-read-as-utf-8',
      'type-with-charset-iso-2022-jp-is-right-and-read-as-utf-8'
    ],
    when: ({ found }) => Boolean(found('H02') ?? found('H03')),
    says: 'fails the connection, because of the charset: no event arrives',
    instead: 'nothing'
  },
  {
    cases: ['url-with-credentials-is-fetched'],
    when: ({ exchange }) => exchange !== undefined && basicCredentials(askedUrlOf(exchange)).length > 0,
    says: 'does not fetch a URL with a user or a password: no event arrives',
    instead: 'nothing'
  },
  {
    cases: ['last-type-of-a-list-is-right'],
    when: ({ exchange }) => isStreamHead(exchange?.head) && firstTypeOf(exchange!) !== undefined,
    says: 'fails the connection, because the first of the types is another: no event arrives',
    instead: 'nothing'
  },
  {
    cases: ['last-type-of-a-list-is-wrong'],
    when: ({ exchange }) => exchange?.head?.status === 200 && firstTypeOf(exchange) === 'text/event-stream',
    says: 'opens it for the first of the types, and reads the stream',
    instead: 'a stream'
  },
  {
    cases: ['type-with-a-word-behind-fails-the-connection'],
    when: ({ exchange }) =>
      exchange?.head?.status === 200 &&
      /^text\/event-stream[ \t]+[^;,]+$/i.test(headersOf(exchange.head, 'content-type').join(', ').trim()),
    says: 'opens it, and reads the stream',
    instead: 'a stream'
  },
  {
    cases: ['different-lengths-are-a-network-error'],
    when: ({ exchange }) => hasNoLength(exchange, /^[\d, \t]+$/),
    says: 'reads the stream, to the end of the connection',
    instead: 'a stream'
  },
  {
    cases: ['malformed-gzip-coding-is-a-network-error'],
    when: ({ exchange }) =>
      exchange?.decodingFault !== undefined &&
      exchange.decodedBytes === 0 &&
      /^(x-)?gzip$/.test(exchange.decoded!),
    says: 'reads what is not gzip as it is'
  },
  {
    cases: ['chunk-longer-than-its-size-reconnects'],
    when: ({ exchange }) => exchange?.framingFault?.startsWith('a chunk is longer') === true,
    says: 'skips what a chunk has too much, and reads on'
  },
  {
    cases: ['utf-16-little-endian-bom-is-malformed-content', 'utf-16-big-endian-bom-is-malformed-content'],
    when: ({ utf16Mark }) => utf16Mark,
    says: 'reads what follows the byte order mark of UTF-16 in another way: events are lost or changed'
  },
  {
    cases: ['nul-in-data-is-content', 'every-ascii-character-is-content'],
    when: ({ found }) => found('F28') !== undefined,
    says: 'reads data with U+0000 in another way'
  },
  {
    cases: ['event-type-with-nul-is-kept'],
    when: ({ typeWithNul }) => typeWithNul,
    says: 'reads an event type with U+0000 in another way: who listens to it gets none'
  },
  {
    cases: ['line-of-a-nul-is-not-blank'],
    when: ({ lineOfNuls }) => lineOfNuls,
    says: 'takes a line of U+0000 for a blank one, which ends the event'
  },
  {
    cases: [
      'id-with-nul-is-ignored',
      'first-id-with-nul-is-ignored',
      'id-with-nul-leaves-the-id-of-its-block',
      'id-with-nul-ignores-its-line-only',
      'id-with-nul-leaves-the-fields-before-it',
      'ignored-id-is-not-sent'
    ],
    when: ({ found }) => found('R01') !== undefined,
    says: 'reads an id with U+0000 in another way'
  },
  {
    cases: [
      'id-of-a-block-without-data-is-sent-on-reconnection',
      'id-without-data-persists',
      'empty-id-without-data-empties-the-last-event-id',
      'empty-id-removes-the-last-event-id-from-the-next-request'
    ],
    when: ({ idWithoutData }) => idWithoutData,
    says: 'forgets the id of a block without data'
  },
  {
    cases: [
      'one-leading-bom-is-removed',
      'bom-cut-after-one-byte-is-removed',
      'bom-cut-after-two-bytes-is-removed',
      'bom-byte-by-byte-is-removed',
      'bom-is-removed-on-every-connection'
    ],
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
    when: ({ trace }) => trace?.ends.CRLF !== undefined,
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
    cases: ['retry-with-an-empty-value-is-ignored'],
    when: (facts) => isLastRetry(facts, 'empty'),
    says: (wait) => `waits ${wait} s or so after the empty retry`
  },
  {
    cases: [
      'retry-with-a-plus-sign-is-ignored',
      'retry-with-a-second-leading-space-is-ignored',
      'retry-with-a-trailing-space-is-ignored',
      'retry-with-a-tab-is-ignored',
      'retry-beside-other-white-space-is-ignored'
    ],
    when: (facts) => isLastRetry(facts, 'beside white space or a plus sign'),
    says: 'takes the retry that the standard ignores'
  },
  {
    cases: ['retry-with-nul-is-ignored'],
    when: (facts) => isLastRetry(facts, 'with U+0000'),
    says: 'takes the retry with U+0000 that the standard ignores'
  },
  {
    cases: ['retry-of-2-to-the-32-and-one-does-not-fire-early', 'retry-of-2-to-the-53-does-not-fire-early'],
    when: ({ trace }) => isBetween(2 ** 32, trace?.reconnectionTime, 2 ** 64),
    says: 'comes back early: the retry is too large for it'
  },
  {
    cases: ['retry-of-four-hundred-digits-does-not-fire-early'],
    when: ({ trace }) => isBetween(2 ** 64, trace?.reconnectionTime, Infinity),
    says: 'comes back early: the retry is too large for it'
  },
  {
    cases: ['open-fires-before-any-byte-of-the-body'],
    when: ({ found }) => found('T10') !== undefined,
    says: 'fires open only with the first byte of the body'
  }
];

/** Whether none that counts came behind it. */
function isLastRetry({ ignoredRetries, trace }: Facts, kind: keyof Seen['ignoredRetries']): boolean {
  return (ignoredRetries[kind] ?? -1) > (trace?.lastRetry?.number ?? 0);
}

function isBetween(least: number, value = 0, most: number): boolean {
  return value > least && value <= most;
}

function askedUrlOf({ redirects, request }: Exchange): URL {
  return redirects[0]?.url ?? request.url;
}

/** Of a single Content-Type, the first that it lists, where that is not the one that counts. */
function firstTypeOf({ head }: Exchange): string | undefined {
  const [value = '', ...others] = headersOf(head, 'content-type');
  const first = extractTheEssence(value.split(',', 1)[0]!);
  return first !== '' && others.length === 0 && first !== essenceOf(head) ? first : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.5: the answer is to be discarded. */
function hasNoLength(exchange: Exchange | undefined, looks = /^/): boolean {
  const { head } = exchange ?? {};
  if (!isStreamHead(head) || head!.version === '2' || headerOf(head, 'transfer-encoding') !== undefined)
    return false;
  const value = headersOf(head, 'content-length').join(',');
  const lengths = new Set(value.split(',').map((length) => length.trim()));
  return value !== '' && looks.test(value) && (lengths.size > 1 || !/^\d+$/.test([...lengths][0]!));
}

/** Sees of a stream what `describeClients` needs beside the findings. */
export function createClientObserver(): TraceObserver & Seen {
  return {
    idWithoutData: false,
    typeWithNul: false,
    lineOfNuls: false,
    utf16Mark: false,
    ignoredRetries: {},
    blocks: { id: 'without data' },
    block() {
      this.idWithoutData = true;
      return 'counts';
    },
    branches: ['event', 'unknown field', 'retry ignored'],
    looksLike: (text) => text.startsWith('retry') || text.includes('\0'),
    line({ branch, text, number }) {
      const value = fieldValue(text);
      if (branch === 'event') this.typeWithNul ||= value.includes('\0');
      else if (branch === 'unknown field') this.lineOfNuls ||= /^\0+$/.test(text);
      else if (value === '') this.ignoredRetries.empty = number;
      else if (/^[ \t+]*\d+[ \t]*$/.test(value))
        this.ignoredRetries['beside white space or a plus sign'] = number;
      else if (/^[\0\d]*$/.test(value) && /\d/.test(value)) this.ignoredRetries['with U+0000'] = number;
    },
    utf8Fault({ offset, excerpt }) {
      if (offset === 0) this.utf16Mark = /^(\xff\xfe|\xfe\xff)/.test(excerpt);
    }
  };
}

/** Milliseconds that timers were seen to fire early; on a loaded machine they fire late. */
const early = 20;
/** Findings of answers that no client by the standard reads. */
const refusals = /^(H01|H06|H07|H09|H16|H25|T17)$/;

/**
 * A line per family: the standard, and the browsers and packages that the suite measured (measured.json). Without an exchange: of captured
 * bytes. `origin` is that of pages that are meant to read the stream.
 */
export function describeClients(
  trace: Trace | undefined,
  findings: Finding[],
  seen: Seen,
  exchange?: Exchange,
  origin?: string
): ClientView[] {
  const found = (rule: string) => findings.find((finding) => finding.rule === rule);
  const facts: Facts = { ...seen, found, trace, exchange };
  let nothing: string | undefined;
  if (exchange && !isStreamHead(exchange.head)) {
    if (exchange.head?.status === 204) nothing = 'nothing, and the end of the connection for good';
    else if (exchange.head && isRedirect(exchange.head))
      nothing = 'nothing: a network error; reconnects after a time of its own, or gives up';
    else if (findings.some(({ rule, severity }) => severity === 'error' && refusals.test(rule)))
      nothing = 'nothing: the connection fails for good';
    else if (exchange.forbiddenFields) nothing = 'nothing: the answer is malformed over HTTP/2';
    else return [];
  } else if (hasNoLength(exchange))
    nothing =
      'nothing: with such a Content-Length the answer is to be discarded; reconnects after a time of its own';
  else if (!trace) return [];
  // Of what the answer is over HTTP/1.1, after that over HTTP/2 had failed.
  const before = exchange?.forbiddenFields && exchange.head ? 'over HTTP/1.1 ' : '';
  const standard =
    nothing ??
    `${before && 'nothing over HTTP/2, where the answer is malformed; '}${before}${whereBarred(facts, origin)}${whatArrives(trace!, exchange)}`;
  const views = families.map(({ name, fails, waits = {} }): [client: ClientView, isOwn: boolean] => {
    const own = behaviours.filter(({ cases, when }) => cases.some((id) => fails.includes(id)) && when(facts));
    const sayOf = ({ says, cases }: Behaviour) =>
      typeof says === 'string' ? says : says(Math.floor(((waits[cases[0]!] ?? 0) + early) / 500) / 2);
    const instead = own.find((one) => one.instead === (nothing === undefined ? 'nothing' : 'a stream'));
    const others = instead || nothing === undefined ? own.filter((one) => !one.instead) : [];
    const rest = others.map(sayOf).join(', and ');
    let says = rest ? `the same, but it ${rest}` : 'the same';
    if (instead)
      says = instead.instead === 'nothing' || !rest ? sayOf(instead) : `${sayOf(instead)}, but it ${rest}`;
    return [{ family: name, says: `${before}${says}` }, instead !== undefined];
  });
  const isOneForAll = nothing !== undefined && !views.some(([, isOwn]) => isOwn);
  return [
    { family: 'the standard', says: standard },
    ...(isOneForAll ? [] : views.map(([client]) => client))
  ];
}

function whatArrives(
  { events, lastEventId, reconnectionTime, overflow }: Trace,
  exchange?: Exchange
): string {
  const id = lastEventId === '' ? 'no id' : `Last-Event-ID ${quote(decodeUtf8(lastEventId), 40)}`;
  const wait = reconnectionTime === undefined ? 'after a time of its own' : `after ${reconnectionTime} ms`;
  const isOver = !exchange || hasEnded(exchange) || exchange.decodingFault !== undefined;
  return `${events === 0 ? 'no event' : plural(events, 'event')}${overflow ? ', as far as it was read' : ''}; ${isOver ? 'reconnects' : 'would reconnect'} ${wait}, with ${id}`;
}

/** The pages that may not read what the others do: https://fetch.spec.whatwg.org/#cors-check */
function whereBarred({ found, exchange }: Facts, origin: string | undefined): string {
  const isRefused = found('X01') ?? found('H11');
  if (!exchange || !(isRefused ?? found('X02'))) return '';
  const own = found('H11') && askedUrlOf(exchange).origin;
  const of = origin ?? own;
  return `nothing in pages of ${of === undefined ? 'other origins' : quote(of)}${isRefused ? '' : ' that send credentials'}, which may not read it; elsewhere `;
}
