import { dueWithin, hasEnded, headerOf, headersOf, isStreamHead, type Exchange } from '../observe.ts';
import { answerTimeout, compressionGrace } from '../probes.ts';
import {
  at,
  atBlock,
  finding,
  notApplicable,
  notObserved,
  ok,
  onHead,
  onStream,
  quote,
  rule,
  yieldsTo,
  type Rule
} from '../rule.ts';
import type { TracedBlock, TracedLine } from '../trace-observer.ts';
import { megabyte, parseJson } from './format-events.ts';
import { heartbeatName } from './format-lines.ts';
import { isAnswer, noReconnection, saysTheEnd } from './resume.ts';
import { nginx, rfc, standard } from './sources.ts';

const { authoringNotes, interpretation } = standard;

function cacheControl(exchange: Exchange): Map<string, string> {
  const directives = new Map<string, string>();
  for (const directive of headersOf(exchange.head, 'cache-control').join(',').split(',')) {
    const [name = '', value = ''] = directive.split('=');
    const key = name.trim().toLowerCase();
    if (key && !directives.has(key)) directives.set(key, value.trim().replace(/^"|"$/g, ''));
  }
  return directives;
}

/** https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1: how long the answer says that some cache has it fresh, in s; 0 if it says so in no sense. */
function lifetimeOf(exchange: Exchange): number | undefined {
  const directives = cacheControl(exchange);
  const ages = ['s-maxage', 'max-age'].flatMap((name) => directives.get(name) ?? []);
  if (ages.length > 0) return Math.max(...ages.map((age) => Number(age) || 0));
  const expires = headerOf(exchange.head, 'expires');
  if (expires === undefined) return undefined;
  const date = dateOf(headerOf(exchange.head, 'date')) || Date.now();
  return Math.round((dateOf(expires) - date) / 1000) || 0;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7: each form begins with a day; Date takes "3600" for a year. */
function dateOf(value = ''): number {
  return /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) : NaN;
}

/** Whether it says itself that it is fresh for no time: it is not given again then. */
function isStale(exchange: Exchange): boolean {
  const lifetime = lifetimeOf(exchange);
  return lifetime !== undefined && lifetime <= 0;
}

/** A second or two of quiet are no gap. Times in ms. */
const keepAlive = 15_000;
const slowKeepAlive = 55_000;
/** Round times after which proxies cut. */
const cuts = [30, 60, 100, 120, 300].map((seconds) => seconds * 1000);

/** What is taken for a burst, in events, and for a wait within one, in ms. */
const leastBurst = 5;
const shortestStall = 200;
/** Between events that come as they are written, ms. */
const shortestPause = 20;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function gapOf({ longestGap }: Exchange): number {
  return longestGap.to - longestGap.from;
}

/** Whether no head came in the time there was: not if that was up too soon, nor if this process had no turn. Times in ms. */
function waitedInVain({ failure, sentAt, endedAt }: Exchange): boolean {
  const waited = endedAt - sentAt;
  return failure?.kind === 'timeout' && waited > 1000 && waited < answerTimeout + 300;
}

function wasCutAfterIdle(exchange: Exchange): boolean {
  if (exchange.ending !== 'cut' && exchange.ending !== 'reset') return false;
  const idle = exchange.endedAt - (exchange.lastByteAt ?? exchange.head!.at);
  return cuts.some((cut) => Math.abs(idle - cut) < 1000);
}

/** U+1F493, as latin1. */
const growingHeart = Buffer.from('💓').toString('latin1');

/** What the data of those begins with. */
const heartbeatOpenings = ['', ' ', '{', growingHeart.charAt(0), ...'hHkKnNpP'];

/** Of those that are not suspected, how many tell what a stream is of; and how many suspected ones tell it alone. */
const enoughOthers = 5;
const enoughSuspected = 10;

/**
 * Events that are a fault, but for a stream of raw text, as of a language model, where any word may come: told when the others have
 * shown which it is. Tokens bring the spaces between them along, or where a script has none, many are of one character; names and
 * sentences are neither.
 */
function createSuspicion(
  report: (first: TracedBlock, isText: boolean, mayBeBlank: boolean) => void,
  least: number
) {
  let isText: boolean | undefined;
  let first: TracedBlock | undefined;
  let [suspected, told, others, words, lines, spaced] = [0, 0, 0, 0, 0, 0];
  const tell = () => {
    if (suspected >= least)
      for (; told < suspected; told++)
        report(first!, isText!, (words + lines) * 2 > others && others >= enoughOthers);
  };
  return {
    isOpen: () => isText === undefined,
    /** Whether there is nothing to be said of more of them but how many they are. */
    suspect(block: TracedBlock): boolean {
      first ??= block;
      if (++suspected >= enoughSuspected) isText ??= false;
      if (isText !== undefined) tell();
      return told > 0;
    },
    other(data: string) {
      if (isText !== undefined) return;
      others++;
      if (/^ ?[A-Za-z\x80-\xff]/.test(data)) words++;
      // As of a log.
      else if (/^(?!<)[^]*\S \S/.test(data)) lines++;
      if (/^ | $|^[\xe3-\xef][\x80-\xbf]{2}$/.test(data)) spaced++;
      const isJson =
        data.length > 2 && data.length < megabyte && /^[{[]/.test(data) && parseJson(data) !== undefined;
      if (isJson) isText = false;
      else if (others >= enoughOthers) isText = words * 2 > others && spaced * 4 >= others;
      else return;
      tell();
    },
    end() {
      isText ??= false;
      tell();
    }
  };
}

/** An event that stands for nothing but that the connection lives. */
function isHeartbeat(all: string, { type = 'message', id }: Pick<TracedBlock, 'type' | 'id'>): boolean {
  if (id !== undefined || all.length > 60 || (type !== 'message' && type !== '')) return false;
  if (all === '') return true;
  const data = all.trim();
  if (data.length < 4) return false;
  if (heartbeatName.test(data) || data === growingHeart) return true;
  return data.charAt(0) === '{' && /ping|pong|heart|keep|noop/i.test(data) && isHeartbeatObject(data);
}

/** Of one event it is asked several times. */
let lastData = '';
let wasHeartbeat = false;

/** `{"type":"ping","time":1700000000}`, `{"heartbeat":true}` */
function isHeartbeatObject(data: string): boolean {
  if (data !== lastData) wasHeartbeat = readHeartbeat((lastData = data));
  return wasHeartbeat;
}

function readHeartbeat(data: string): boolean {
  try {
    const entries = Object.entries(JSON.parse(data) as Record<string, unknown>);
    const isNamed = entries.some(
      ([key, value]) =>
        (/^(type|event|kind|action|op)$/.test(key) &&
          typeof value === 'string' &&
          heartbeatName.test(value)) ||
        (entries.length === 1 && heartbeatName.test(key))
    );
    return isNamed && entries.every(([, value]) => typeof value !== 'object') && entries.length <= 3;
  } catch {
    return false;
  }
}

export const caching: Rule[] = [
  rule(
    ['T01', 'cache-missing', 'W A'],
    'No Cache-Control',
    rfc(9111, '4.2.2'),
    'Send Cache-Control: no-store, no-transform: caches may keep a 200 without one, by their own rules.',
    onHead((exchange) => {
      if (!isStreamHead(exchange.head)) return notApplicable('there is no stream');
      // https://httpwg.org/specs/rfc9110.html#POST
      if (exchange.request.method !== 'GET')
        return notApplicable(`an answer to ${exchange.request.method} is not kept unless it says so`);
      if (isStale(exchange)) return ok;
      return headerOf(exchange.head, 'cache-control') === undefined
        ? finding('There is no Cache-Control', { at: exchange.head.at })
        : ok;
    })
  ),
  rule(
    ['T02', 'cache-positive', 'E A'],
    'The stream may be cached',
    rfc(9111, '5.2.2'),
    'Send Cache-Control: no-store, no-transform.',
    onHead((exchange) => {
      const { head } = exchange;
      if (!isStreamHead(head)) return notApplicable('there is no stream');
      const directives = cacheControl(exchange);
      const lifetime = lifetimeOf(exchange);
      // "explicit freshness information and a Content-Location": https://www.rfc-editor.org/rfc/rfc9110#section-9.3.3
      const canBeKept = lifetime !== undefined && headerOf(head, 'content-location') !== undefined;
      if (exchange.request.method !== 'GET' && !canBeKept)
        return notApplicable(
          `an answer to ${exchange.request.method} without an age and a Content-Location is not kept`
        );
      if (directives.has('no-store') || directives.has('no-cache') || isStale(exchange)) return ok;
      const value = headerOf(head, 'cache-control');
      if (['max-age', 's-maxage', 'private', 'public', 'immutable'].some((name) => directives.has(name))) {
        return finding(`Cache-Control: ${quote(value!)} lets the answer be kept and given again`, {
          at: head.at
        });
      }
      if (headerOf(head, 'etag') !== undefined) {
        return finding('The stream has an ETag, and nothing forbids to keep it', { at: head.at });
      }
      if (lifetime !== undefined)
        return finding(
          `Expires: ${quote(headerOf(head, 'expires')!)} lets the answer be kept and given again`,
          {
            at: head.at
          }
        );
      return ok;
    })
  ),
  rule(
    ['T03', 'no-transform-absent', 'I A'],
    'No no-transform',
    rfc(9111, '5.2.2.6'),
    'Add no-transform to Cache-Control: compressing middleware and proxies leave the stream alone then.',
    onHead((exchange, observations) => {
      if (!isStreamHead(exchange.head)) return notApplicable('there is no stream');
      const isMissing = headerOf(exchange.head, 'cache-control') === undefined && !isStale(exchange);
      if (exchange.request.method === 'GET' && isMissing && yieldsTo(observations, 'T01'))
        return notApplicable('there is no Cache-Control: T01');
      return cacheControl(exchange).has('no-transform')
        ? ok
        : finding('Cache-Control has no no-transform', { at: exchange.head.at });
    })
  ),
  rule(
    ['T04', 'compress-stalls', 'E A'],
    'Compression holds the events back',
    rfc(9110, '8.4'),
    'Do not compress this type, or flush the compressor after each event.',
    {
      needs: ['plain'],
      wants: ['again', 'compressed', 'bogus-id'],
      check({ plain, again, compressed, 'bogus-id': bogus, missing }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        if (!compressed) return notObserved(missing.compressed ?? 'the probe compressed');
        const due = dueWithin(plain!, [again, bogus?.[0]]);
        const waited = compressed.endedAt - compressed.sentAt;
        // Many a compressor gives out nothing, and so no head.
        if (compressed.failure?.kind === 'timeout' && due !== undefined && due + compressionGrace <= waited) {
          if (!again?.head || !bogus?.[0]?.head)
            return notObserved('an answer to it, or to those before and after it');
          return finding(
            `With Accept-Encoding: ${quote(headerOf(compressed.request, 'accept-encoding')!)} not even a head came within ${seconds(waited)}; without, an event comes within ${seconds(due)}`,
            { at: compressed.endedAt }
          );
        }
        if (!isStreamHead(compressed.head)) return notApplicable('the answer is no stream');
        if (compressed.decoded === undefined) return notApplicable('the stream is not compressed');
        if (hasEnded(compressed)) return notApplicable('the compressed stream ended');
        if (compressed.decodingFault !== undefined) return notApplicable('it cannot be decoded: T25');
        // A comment is flushed as an event is.
        if (compressed.decodedBytes > 0) return ok;
        if (due === undefined) return notObserved('two events of the plain stream: --duration 10');
        if (waited < due + compressionGrace / 2)
          return notObserved(
            `more time for the compressed stream: --probes again,compressed --duration ${Math.max(4, Math.ceil(due / 500))}`
          );
        return finding(
          `With ${compressed.decoded}, nothing could be decoded within ${seconds(waited)}; without, an event comes within ${seconds(due)}`,
          {
            at: compressed.endedAt,
            ...(waited < due + compressionGrace && { severity: 'warning' as const })
          }
        );
      }
    }
  ),
  rule(
    ['T05', 'compress-flushed', 'I N'],
    'Compressed, and flushed',
    rfc(9110, '8.4'),
    'Fine; it costs some bytes and time per event.',
    {
      needs: ['plain', 'compressed'],
      check: ({ compressed }) =>
        compressed!.decoded !== undefined && compressed!.firstEventAt !== undefined && !hasEnded(compressed!)
          ? finding(`With ${compressed!.decoded}, events can be decoded while the stream is open`, {
              at: compressed!.firstEventAt
            })
          : ok
    }
  ),
  rule(
    ['T06', 'content-encoding-none', 'I V'],
    'Content-Encoding: none',
    rfc(9110, '8.4.1'),
    'It is no registered coding: use Cache-Control: no-transform to keep compression away.',
    onHead(({ head }) =>
      /^none$/i.test(headerOf(head, 'content-encoding') ?? '')
        ? finding('Content-Encoding: none', { at: head.at })
        : ok
    )
  ),
  rule(
    ['T07', 'buffered-burst', 'E A'],
    'Events are gathered and come in bursts',
    nginx('proxy_buffering'),
    'Flush after each event (PHP: ob_flush and flush, or output_buffering off), send X-Accel-Buffering: no, and turn proxy_buffering off.',
    onStream((found, { captured }) => {
      /** The first that ended in the read before. */
      let previous: TracedBlock | undefined;
      let first: TracedBlock | undefined;
      let stalls = 0;
      let prompt = 0;
      return {
        blocks: { first: 'of each read' },
        block(block) {
          const { at: before = block.lastRead.at, blocks = 0 } = previous?.lastRead ?? {};
          const wait = block.lastRead.at - before;
          if (block.firstRead !== block.lastRead && block.firstRead === previous?.lastRead) {
            // A burst that broke off within an event, and the rest of it after a while.
            if (blocks >= leastBurst && wait >= shortestStall) {
              first ??= block;
              if (++stalls === 3) {
                found({
                  message: () =>
                    `Again and again ${blocks} events or so came at once, the last of them cut, and its rest ${Math.round(wait)} ms later: something gathers the bytes`,
                  ...atBlock(first)
                });
              }
            }
          } else if (previous && block.firstRead.number > previous.lastRead.number && wait >= shortestPause)
            prompt++;
          previous = block;
        },
        end() {
          if (captured) return notObserved('a live connection');
          return prompt >= 3
            ? ok
            : notObserved('three events that each come alone, or three bursts that break off within one');
        }
      };
    })
  ),
  rule(
    ['T08', 'no-x-accel', 'I A'],
    'No X-Accel-Buffering',
    nginx('proxy_buffering'),
    'Send X-Accel-Buffering: no, for the day an nginx stands in front (if one does already, it has taken the header away).',
    onHead(({ head }) =>
      !isStreamHead(head) || headerOf(head, 'x-accel-buffering') !== undefined
        ? ok
        : finding('There is no X-Accel-Buffering', { at: head.at })
    )
  ),
  rule(
    ['T09', 'head-late', 'W A'],
    'The head comes only with the first event',
    standard.processingModel,
    'Flush the head at once, and send a comment (behind nginx: X-Accel-Buffering: no): until then the page is not told that the connection is open, and proxies time out.',
    {
      needs: [],
      wants: ['plain', 'head-request'],
      check({ plain, profile, 'head-request': asked }) {
        if (profile === 'openai' || profile === 'anthropic')
          return notApplicable('an API holds the head for as long as it may still be an error');
        const { head, failure, sentAt, firstByteAt, endedAt, events } = plain!;
        if (failure?.kind === 'timeout' && isStreamHead(asked?.head)) {
          return finding(
            `No head came within ${seconds(endedAt - sentAt)}, though HEAD was answered after ${seconds(asked!.head!.at - asked!.sentAt)}: the server waits for the first event, or a proxy gathers the answer`,
            { at: endedAt }
          );
        }
        if (!head) return notObserved('an answer');
        if (!isStreamHead(head)) return notApplicable('there is no stream');
        if (firstByteAt === undefined) return ok;
        // Before a comment or a retry nothing waits for an event.
        if (events[0]?.line !== 1) return ok;
        return head.at - sentAt >= 1000 && firstByteAt - head.at < 50
          ? finding(`The head came after ${seconds(head.at - sentAt)}, together with the first bytes`, {
              at: head.at
            })
          : ok;
      }
    }
  ),
  rule(
    ['T10', 'first-byte-absent', 'I A'],
    'A head, and then nothing for long',
    authoringNotes,
    'Send a comment right after the head: some clients and proxies wait for the first byte.',
    {
      needs: ['plain'],
      check({ plain }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        const until = plain!.firstByteAt ?? plain!.endedAt;
        const waited = until - plain!.head!.at;
        return waited >= 1500
          ? finding(`No byte of the body within ${seconds(waited)} of the head`, { at: until })
          : ok;
      }
    }
  ),
  rule(
    ['T11', 'no-keepalive', 'W A'],
    'No sign of life for more than 15 s',
    authoringNotes,
    'Send a comment (":", two line feeds) every 15 seconds or so.',
    {
      needs: ['plain'],
      check({ plain }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        const gap = gapOf(plain!);
        if (gap >= slowKeepAlive) return notApplicable('T12 judges longer gaps');
        if (gap > keepAlive + 2000)
          return finding(`Nothing came for ${seconds(gap)}`, { at: plain!.longestGap.to });
        return plain!.endedAt - plain!.sentAt > keepAlive
          ? ok
          : notObserved('more than 15 s of the stream: --duration 20');
      }
    }
  ),
  rule(
    ['T12', 'keepalive-too-slow', 'W A'],
    'Signs of life too rare for proxies',
    nginx('proxy_read_timeout'),
    'Send a comment every 15 seconds: 60 s without a byte is where many proxies cut.',
    {
      needs: ['plain'],
      check({ plain }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        const gap = gapOf(plain!);
        if (wasCutAfterIdle(plain!))
          return finding(`The connection was cut after ${seconds(gap)} without a byte`, {
            at: plain!.endedAt
          });
        if (gap >= slowKeepAlive)
          return finding(`Nothing came for ${seconds(gap)}`, { at: plain!.longestGap.to });
        return plain!.endedAt - plain!.sentAt >= slowKeepAlive
          ? ok
          : notObserved('55 s of the stream: --duration 65');
      }
    }
  ),
  rule(
    ['T13', 'keepalive-is-event', 'W A'],
    'The sign of life is an event',
    interpretation,
    'Use a comment (":", two line feeds): this one reaches every onmessage.',
    onStream((found) => {
      const { isOpen, suspect, other, end } = createSuspicion(
        (first, isText, mayBeBlank) =>
          found({
            message: () => `Messages with the data ${quote(first.event!.data)} arrive again and again`,
            // Of a server that writes no space behind the colon the tokens come without their own, and one of them may be empty; so may a line.
            ...((isText || (mayBeBlank && first.event!.data === '')) && { severity: 'information' }),
            ...atBlock(first)
          }),
        2
      );
      return {
        blocks: {
          opening: heartbeatOpenings,
          sample: true,
          only: (data, block) => isOpen() || isHeartbeat(data, block)
        },
        block(block) {
          const { data } = block.event!;
          if (isHeartbeat(data, block)) return suspect(block) ? 'counts' : undefined;
          other(data);
          return undefined;
        },
        again: (times) => found({ message: '', severity: 'information', times }),
        end: () => void end()
      };
    })
  ),
  rule(
    ['T14', 'keepalive-noop-event', 'I N'],
    'The sign of life is an event that dispatches nothing',
    interpretation,
    'A comment is clearer.',
    onStream((found) => ({
      blocks: { type: 'without data' },
      block(block) {
        if (block.type !== undefined && heartbeatName.test(block.type)) {
          found({
            message: () => `The block of type ${quote(block.type!)} has no data`,
            ...atBlock(block, `event: ${block.type}`)
          });
        }
      }
    }))
  ),
  rule(
    ['T15', 'keepalive-half-block', 'I N'],
    'The sign of life is a comment without a blank line',
    interpretation,
    'Legal anywhere; with a blank line it cannot end up within an event.',
    onStream((found, { captured }) => {
      let last: TracedLine | undefined;
      return {
        branches: ['comment'],
        // Nothing comes between the lines of a block that is in one read.
        odd: true,
        line(line) {
          if (last && line.number === last.number + 1 && line.at - last.at > 400) {
            found({ message: 'Comments come without a blank line between them', ...at(last) });
          }
          last = line;
        },
        end: () => (captured ? notObserved('a live connection') : undefined)
      };
    })
  ),
  rule(
    ['T16', 'cut-early', 'W A'],
    'Each stream is ended after the same time, and there are no ids',
    standard.lastEventId,
    'Say so in the documentation, and send ids, so that clients lose nothing.',
    {
      needs: ['plain', 'again'],
      check(observations) {
        const { plain, again } = observations;
        if (isAnswer(observations)) return noReconnection;
        if (!isStreamHead(plain!.head) || !isStreamHead(again!.head))
          return notApplicable('there is no stream');
        const [a, b] = [plain!, again!].map(({ endedAt, sentAt }) => endedAt - sentAt) as [number, number];
        const isOver = [plain!, again!].every(({ ending }) => /^(complete|closed|cut|reset)$/.test(ending!));
        if (!isOver) return notObserved('two streams that end');
        if (a <= 3000) return notApplicable('R21 judges shorter ones');
        if (plain!.trace!.lastEventId !== '') return ok;
        if (saysTheEnd(plain!)) return notApplicable('the last event says that it is the last');
        return Math.abs(a - b) < 0.2 * a
          ? finding(`Two streams ended after ${seconds(a)} and ${seconds(b)}, without ids`, {
              at: plain!.endedAt
            })
          : ok;
      }
    }
  ),
  rule(
    ['T17', 'proxy-504', 'E A'],
    'A proxy gave up waiting',
    nginx('proxy_read_timeout'),
    'Flush the head at once and send comments: with a 504 every client stops for good.',
    onHead(({ head, sentAt }) =>
      head.status === 504 ? finding(`Status 504 after ${seconds(head.at - sentAt)}`, { at: head.at }) : ok
    )
  ),
  rule(
    ['T18', 'event-split-writes', 'I N'],
    'Events come in several writes',
    authoringNotes,
    'Write each event at once.',
    onStream((found, { captured }) => {
      let previous: TracedBlock | undefined;
      let first: TracedBlock | undefined;
      let count = 0;
      return {
        blocks: { first: 'of each read' },
        block(block) {
          // One that begins in the read of another was cut by who gathers: T07.
          const beginsRead = block.firstRead !== previous?.lastRead;
          previous = block;
          if (captured || !block.event || block.event.data.length > 1000) return;
          if (!beginsRead || block.firstRead === block.lastRead) return;
          first ??= block;
          if (++count === 3) found({ message: 'Small events came in several reads each', ...atBlock(first) });
        },
        end: () => (captured ? notObserved('a live connection') : undefined)
      };
    })
  ),
  rule(
    ['T19', 'chunk-per-byte', 'I A'],
    'Tiny chunks',
    authoringNotes,
    'Write each event at once: each chunk costs a packet.',
    {
      needs: ['plain'],
      check({ plain }) {
        const { framing, chunks, bodyBytes } = plain!;
        if (framing !== 'chunked') return notApplicable('the answer is not chunked');
        if (chunks < 20) return notObserved('20 chunks');
        return bodyBytes / chunks < 4 ? finding(`${bodyBytes} bytes came in ${chunks} chunks`) : ok;
      }
    }
  ),
  rule(
    ['T20', 'no-http2', 'I A'],
    'No HTTP/2',
    rfc(9113, '5.1.2'),
    'Offer it: over HTTP/1.1 browsers open six connections to a host, so the seventh tab waits.',
    onHead(({ head, request, forbiddenFields }) => {
      if (request.url.protocol !== 'https:') return notApplicable('no TLS');
      return head.version === '2' || forbiddenFields
        ? ok
        : finding('Offered h2 and http/1.1, the server chose http/1.1', { at: head.at });
    })
  ),
  rule(
    ['T21', 'h2-stream-limit', 'I A'],
    'A limit of streams per HTTP/2 connection',
    rfc(9113, '5.1.2'),
    'Know it: each open event stream of a browser, in all its tabs, is one of them.',
    onHead(({ head, maxConcurrentStreams: most }) => {
      if (head.version !== '2') return notApplicable('no HTTP/2');
      return most !== undefined && most <= 100
        ? finding(`SETTINGS_MAX_CONCURRENT_STREAMS is ${most}`, { at: head.at })
        : ok;
    })
  ),
  rule(
    ['T22', 'plain-http', 'W S'],
    'Not encrypted',
    'intermediaries read, change and gather what is not encrypted',
    'Use TLS.',
    {
      needs: ['url'],
      check: ({ url }) =>
        url.protocol === 'http:' && !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
          ? finding(`http: to ${quote(url.hostname)}`)
          : ok
    }
  ),
  rule(
    ['T23', 'concurrency-cap', 'W A'],
    'Only some streams at a time',
    'worker pools and session locks: each open stream holds one',
    'Use an asynchronous server, look whether clients are still there, and let go of session locks before streaming.',
    {
      needs: [],
      wants: ['plain', 'again', 'origin-request', 'after-head', 'parallel'],
      check({ plain, again, 'origin-request': crossed, 'after-head': afterHead, parallel, missing }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        // With an id the head may wait for what is replayed, or for the next event.
        const stuck = [again, crossed, afterHead].find(
          (exchange) =>
            exchange && waitedInVain(exchange) && headerOf(exchange.request, 'last-event-id') === undefined
        );
        const { head, sentAt, firstEventAt = Infinity } = plain!;
        // A head that came with an event may wait for events, and have come soon by chance.
        const isSoon = head!.at - sentAt < (firstEventAt - head!.at < 50 ? 100 : 500);
        if (stuck && isSoon) {
          return finding(
            `The first stream was answered after ${seconds(head!.at - sentAt)}; a later one, with all others closed, not within ${seconds(stuck.endedAt - stuck.sentAt)}: the server is still busy for clients that have left`,
            { at: stuck.endedAt }
          );
        }
        const open = parallel?.filter((one) => isStreamHead(one.head)) ?? [];
        if (open.length === 0) return notObserved(missing.parallel ?? 'an answer');
        if (open.length === parallel!.length) return ok;
        const refused = [
          ...new Set(parallel!.flatMap(({ head }) => (head && head.status !== 200 ? [head.status] : [])))
        ];
        if (
          refused.length === 0 &&
          parallel!.some((one) => one.failure?.kind === 'timeout' && !waitedInVain(one))
        )
          return notObserved('more time for the streams at a time: --probes parallel');
        return finding(
          `Of ${parallel!.length} streams at a time, ${open.length} were opened${refused.length > 0 ? `; the others got status ${refused.join(' and ')}` : ''}`
        );
      }
    }
  ),
  rule(
    ['T24', 'leak-on-abort', 'I A'],
    'The server writes on to clients that have left',
    authoringNotes,
    'Listen for the close of the response.',
    {
      undecided: "only the server's own metrics show it"
    }
  ),
  rule(
    ['T25', 'coding-broken', 'E V'],
    'The body is not what Content-Encoding says',
    rfc(9110, '8.4'),
    'Take the header away, or encode the body: clients take this for a network error.',
    {
      needs: ['plain'],
      wants: ['compressed'],
      check({ plain, compressed }) {
        for (const exchange of [plain!, compressed]) {
          if (!exchange) continue;
          const { decoded, undecodable, decodingFault, endedAt, head, request } = exchange;
          const asked =
            exchange === plain
              ? ''
              : `With Accept-Encoding: ${quote(headerOf(request, 'accept-encoding')!)}, as browsers ask, `;
          if (undecodable !== undefined) {
            return finding(
              `${asked || 'Asked for as it is, '}the body is encoded as ${quote(undecodable)}, which cannot be undone here: what it holds was not judged`,
              { at: head!.at, severity: 'warning' }
            );
          }
          if (decodingFault === undefined) continue;
          return finding(
            `${asked ? `${asked}the` : 'The'} body cannot be decoded as ${decoded}: ${decodingFault}`,
            { at: endedAt }
          );
        }
        return ok;
      }
    }
  )
];
