import { eventsWithIds, hasEnded, headerOf, isStreamHead, type Exchange } from '../observe.ts';
import { bogusIds } from '../probes.ts';
import {
  at,
  atBlock,
  finding,
  howOften,
  notApplicable,
  notObserved,
  ok,
  onLine,
  onStream,
  quote,
  rule,
  yieldsTo,
  type Observations,
  type Profile,
  type Rule,
  type Verdict
} from '../rule.ts';
import { decodeUtf8, fieldValue } from '../latin1.ts';
import { longestId, type Trace } from '../trace.ts';
import type { Branch, LastEvent, TracedBlock, TracedLine, UnfinishedBlock } from '../trace-observer.ts';
import { standard } from './sources.ts';

const { interpretation, lastEventId, processingModel } = standard;
const fieldRules = 'https://fetch.spec.whatwg.org/#concept-header-value';

/** Backwards from its full stop: ids can be made to be searched for ever. */
export const jsonWebToken = /(?<=\beyJ[\w-]{8,2000})\.eyJ[\w-]{2,}/;

/** As most ids are: then none of the rules on what an id looks like has anything to say. */
const ordinary = /^(?:[!--/-?A-~]|\.(?!e)){0,100}$/;
let lastId = '';
let isOrdinary = true;

function isUnusual(id: string): boolean {
  if (id !== lastId) isOrdinary = ordinary.test((lastId = id));
  return !isOrdinary;
}

/** A rule on each line with an id that looks so. */
function onId(looks: (id: string) => boolean, say: (id: string) => string) {
  return onLine(
    ['id'],
    (line, found) => found({ message: () => say(fieldValue(line.text)), ...at(line) }),
    (text) => {
      const id = fieldValue(text);
      return isUnusual(id) && looks(id);
    },
    true
  );
}

/** Found if no such line comes, in a stream that has what `count` counts. */
function onAbsence(
  branches: Branch[],
  message: string,
  needed: string,
  count: (trace: Trace) => number,
  looksLike: (text: string) => boolean = () => true
) {
  return onStream((found, { profile }) => {
    let any = false;
    return {
      branches,
      looksLike: (text) => !any && looksLike(text),
      line() {
        any = true;
        return 'enough';
      },
      end({ trace }) {
        if (any) return ok;
        if (isReadOnce(profile)) return noReconnection;
        if (count(trace) === 0) return notObserved(needed);
        found({ message });
        return undefined;
      }
    };
  });
}

/** What the reconnection with the last id begins with, or why that cannot be said. */
function resumed({
  plain,
  again
}: Observations): Verdict | { before: TracedBlock[]; after: TracedBlock[]; sent: string } {
  const before = eventsWithIds(plain!);
  if (before.length === 0) return notApplicable('no event has an id');
  if (new Set(before.map(({ id }) => id)).size < 2) return notObserved('two events with different ids');
  if (!isStreamHead(again!.head)) return notApplicable('the reconnection got no stream');
  const after = eventsWithIds(again!);
  if (after.length === 0)
    return notObserved('an event with an id after the reconnection, in the time there was');
  return { before, after, sent: plain!.trace!.lastEventId };
}

/** What came first after the Last-Event-ID of the first event, beside what had come after it before; or why that cannot be said. */
function resumedAfterFirst({
  plain,
  'first-id': first
}: Observations): Verdict | { before: TracedBlock[]; sent: string; next: TracedBlock; place: number } {
  if (!isStreamHead(first!.head)) return notApplicable('the reconnection got no stream');
  const before = eventsWithIds(plain!);
  const next = first!.events[0];
  if (!next) return notObserved('an event after the reconnection, in the time there was');
  const place = before.findIndex(
    ({ id, event }) => id === next.id && event!.data === next.event!.data && event!.type === next.event!.type
  );
  return { before, sent: before[0]!.id!, next, place };
}

/** Whether it got no event before it was broken off. */
function isBrokenOff({ ending, events }: Exchange): boolean {
  return (ending === 'cut' || ending === 'reset') && events.length === 0;
}

/** Whether clients of the profile read one answer and do not reconnect. */
export function isReadOnce(profile: Profile): boolean {
  return ['openai', 'anthropic', 'graphql-sse'].includes(profile);
}

/** Whether it is one answer, of which clients that have read it to its end ask no more: as `isReadOnce`, and those of Datastar. */
export function isAnswer({ profile, plain }: Observations): boolean {
  const { events } = plain!;
  const isOfDatastar =
    hasEnded(plain!) && events.length > 0 && events.every(({ type = '' }) => type.startsWith('datastar-'));
  return isReadOnce(profile) || isOfDatastar;
}

export const noReconnection = notApplicable('clients of this dialect do not reconnect');

/** Streams that end again and again within this time are polled, ms. */
const shortPoll = 3000;

const endWord =
  '([\\w.-]*[_.-])?(done|end(ed)?|eof|eos|complet(ed?|ion)|finish(ed)?|closed?|stop(ped)?|(close|end)[_-]?(of[_-]?)?stream)';
/** What became of a job; with something before it, as in login.failed, it is an event like others. */
const outcome = 'final|return(ed)?|succeeded|failed|cancell?ed|aborted';
const endType = new RegExp(`^(${endWord}|${outcome})$`, 'i');
const endData = new RegExp(
  `^(\\[+(DONE|END)\\]+$|DONE$|END$|</stream>$|\\{.*?(?<member>"((type|event|status|state)"\\s*:\\s*"(${endWord}|${outcome})"|(msg|control)"\\s*:\\s*"${endWord}"|(is_)?(done|end|finish(ed)?|completed?|final|stop(ped)?)"\\s*:\\s*true|finish_?reason"\\s*:\\s*")))`,
  'is'
);

type Event = Pick<LastEvent, 'type' | 'data'>;

/** What in an event says the end: the outermost, which most write first. */
function endOf({ type, data }: Event): string | undefined {
  if (endType.test(type)) return type;
  const match = endData.exec(data.slice(0, 1000));
  return match?.groups!.member ?? match?.[0];
}

/** The events that are kept, and the last of all. */
function eventsToTheLast({ events, trace }: Exchange): Event[] {
  const kept = events.map(({ event }) => event!);
  return kept.length < trace!.events ? [...kept, trace!.lastEvent!] : kept;
}

/** Whether a page is told by the last events, and not by all, that there will be no more; and not as it is told that one thing of several is done. */
export function saysTheEnd(exchange: Exchange): boolean {
  const ends = eventsToTheLast(exchange).map(endOf);
  const first = ends.lastIndexOf(undefined) + 1;
  return first > 0 && first < ends.length && !ends.slice(0, first).includes(ends.at(-1));
}

/** Whether the last event has the type and the members of the one before: the last of a list may be done, and the list go on. */
function endsAsItWent(exchange: Exchange): boolean {
  const [a, b] = eventsToTheLast(exchange)
    .slice(-2)
    .map(({ type, data }) => {
      try {
        return `${type} ${Object.keys(JSON.parse(decodeUtf8(data)) as object).join()}`;
      } catch {
        return undefined;
      }
    });
  return a !== undefined && a === b;
}

/** Whether the stream ends at once, again and again. */
export function judgePolling(observations: Observations): Verdict {
  const { plain, again } = observations;
  if (isAnswer(observations)) return noReconnection;
  if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
  if (!hasEnded(plain!) || plain!.endedAt - plain!.sentAt > shortPoll) return ok;
  if (plain!.undecodable !== undefined) return notObserved('a Content-Encoding that can be undone here');
  const isTold = saysTheEnd(plain!);
  if (isTold && !endsAsItWent(plain!)) return notApplicable('the last event says that it is the last');
  if (!isStreamHead(again!.head) || !hasEnded(again!)) return ok;
  const wait = plain!.trace?.reconnectionTime;
  const every =
    wait === undefined
      ? 'each time its reconnection time is over (some seconds)'
      : `${wait === 1000 ? 'once a second' : howOften(wait)} (retry: ${wait})`;
  const took = Math.round(plain!.endedAt - plain!.sentAt);
  return finding(
    `The stream ended after ${took} ms, and so did the next: each client polls, ${every}${isTold ? ', unless pages close on the last event' : ''}`,
    { at: plain!.endedAt, ...(isTold && { severity: 'information' }) }
  );
}

export const resume: Rule[] = [
  rule(
    ['R01', 'id-nul', 'W C'],
    'An id with a NUL character',
    interpretation,
    'Refuse ids with U+0000: the field is ignored, and the old id stays.',
    onLine(['id ignored'], (line, found) => {
      found({ message: () => `The id ${quote(fieldValue(line.text))} is ignored`, ...at(line) });
    })
  ),
  rule(
    ['R02', 'id-non-ascii', 'W A'],
    'An id that is not ASCII',
    lastEventId,
    'Use ASCII: it comes back as UTF-8 bytes in a header, and some clients refuse to send it.',
    onId(
      // eslint-disable-next-line no-control-regex
      (id) => /[^\x00-\x7f]/.test(id),
      (id) => `The id ${quote(id)} is not ASCII`
    )
  ),
  rule(
    ['R03', 'id-control-or-trim', 'W A'],
    'An id that a header does not give back as it is',
    fieldRules,
    'Use letters, digits and punctuation: spaces at the ends are trimmed, control characters refused.',
    onId(
      // eslint-disable-next-line no-control-regex
      (id) => /^[ \t]|[ \t]$|[\x01-\x08\x0b-\x1f\x7f]/.test(id),
      (id) => `The id ${quote(id)} has a space at an end, or a control character`
    )
  ),
  rule(
    ['R04', 'id-long', 'W A'],
    'A long id',
    'servers and proxies limit a header to 4 to 16 KiB',
    'Keep ids short: a reconnection with this one may be refused, for good.',
    onId(
      (id) => id.length > longestId,
      (id) => `The id has ${id.length} bytes`
    )
  ),
  rule(
    ['R05', 'id-secret', 'W S'],
    'An id that looks like a token or a person',
    lastEventId,
    'Use opaque ids: they come back in a header, and stand in logs.',
    onId(
      (id) => id.length > 5 && (jsonWebToken.test(id) || /^[a-z][\w.+-]*@[\w.-]+\.[a-z]{2,}$/i.test(id)),
      (id) =>
        `The id ${quote(id)} ${jsonWebToken.test(id) ? 'holds a JSON web token' : 'looks like an e-mail address'}`
    )
  ),
  rule(
    ['R06', 'id-ignored', 'W A'],
    'The reconnection with Last-Event-ID starts anew',
    lastEventId,
    'Continue after the id that was sent, or send no ids.',
    {
      needs: ['plain', 'again'],
      check(observations) {
        const seen = resumed(observations);
        if ('verdict' in seen) return seen;
        const { before, after, sent } = seen;
        const [first, again] = [before[0]!, after[0]!];
        if (again.id !== first.id || again.event!.data !== first.event!.data || first.id === sent) return ok;
        return finding(
          `After Last-Event-ID: ${quote(sent)} the same events came again, from the id ${quote(again.id!)} on`,
          { probe: 'again', ...atBlock(again) }
        );
      }
    }
  ),
  rule(
    ['R07', 'id-per-connection', 'W A'],
    'Ids begin anew with each connection',
    lastEventId,
    'Number the events, not the connections: an id must mean one event.',
    {
      needs: ['plain', 'again'],
      check(observations) {
        const seen = resumed(observations);
        if ('verdict' in seen) return seen;
        const { before, after, sent } = seen;
        const [first, again] = [before[0]!, after[0]!];
        if (again.id !== first.id || again.event!.data === first.event!.data || first.id === sent) return ok;
        return finding(
          `After Last-Event-ID: ${quote(sent)} the ids begin with ${quote(again.id!)} again, with other data`,
          { probe: 'again', ...atBlock(again) }
        );
      }
    }
  ),
  rule(
    ['R08', 'id-random', 'I A'],
    'Ids are random',
    lastEventId,
    'Resuming from random ids needs a log that is searched by id.',
    onStream((found) => {
      let ids = 0;
      let first: TracedLine | undefined;
      return {
        branches: ['id'],
        odd: true,
        looksLike(text) {
          const id = fieldValue(text);
          return (
            id.length === 36 &&
            /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)
          );
        },
        line(line) {
          first ??= line;
          if (++ids === 2) found({ message: 'The ids are random UUIDs', ...at(first) });
          return ids < 2 ? undefined : 'enough';
        }
      };
    })
  ),
  rule(
    ['R09', 'id-duplicate', 'I A'],
    'Two events with the same id',
    lastEventId,
    'Give each event an id of its own, or the second can be lost on reconnection.',
    onStream((found) => ({
      blocks: { id: 'repeated' },
      block(block) {
        found({ message: () => `The id ${quote(block.id!)} belongs to two events`, ...atBlock(block) });
        return 'counts';
      },
      again: (times) => found({ message: '', times })
    }))
  ),
  rule(
    ['R10', 'bogus-id-crash', 'E A'],
    'An unknown Last-Event-ID breaks the server',
    lastEventId,
    'Take an id you do not know for none: a client that is answered with an error never comes back.',
    {
      needs: ['plain', 'again', 'bogus-id'],
      check({ plain, again, 'bogus-id': answers }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        if (!isStreamHead(again!.head))
          return notApplicable('a reconnection with a known id gets no stream either');
        const breaksAnyway = isBrokenOff(again!);
        for (const [index, answer] of answers!.entries()) {
          const { head, failure, endedAt } = answer;
          const what = [
            'an unknown Last-Event-ID',
            'an empty Last-Event-ID',
            `a Last-Event-ID of ${bogusIds[index]!.length} bytes`
          ][index]!;
          if (head && head.status >= 500)
            return finding(`Status ${head.status} for ${what}`, { at: head.at });
          if (failure?.kind === 'closed')
            return finding(`The connection is closed without an answer to ${what}`, { at: endedAt });
          if (index > 0 || !head) continue;
          if (head.status >= 400 && ![401, 403, 429].includes(head.status))
            return finding(`Status ${head.status} for ${what}`, { at: head.at, severity: 'warning' });
          if (head.status === 200 && !breaksAnyway && isBrokenOff(answer))
            return finding(`The stream is broken off after ${what}`, { at: endedAt });
        }
        return ok;
      }
    }
  ),
  rule(
    ['R11', 'replay-wrong', 'W A'],
    'Not what follows the event whose id was sent',
    lastEventId,
    'Begin strictly after the event with that id (unless it is the whole state, sent on each connection).',
    {
      needs: ['plain', 'again'],
      wants: ['first-id'],
      check(observations) {
        const seen = resumed(observations);
        const afterFirst = observations['first-id']?.head && resumedAfterFirst(observations);
        if (!('verdict' in seen)) {
          const [again] = seen.after;
          const last = seen.before.findLast(({ id }) => id === seen.sent);
          if (again!.id === seen.sent && again!.event!.data === last?.event!.data) {
            // A server of states sends the newest to all: of the first event only a log sends that again.
            const isLog = afterFirst && 'place' in afterFirst && afterFirst.place === 0;
            return finding(`After Last-Event-ID: ${quote(seen.sent)} the event with this id came again`, {
              ...(!isLog && { severity: 'information' }),
              probe: 'again',
              ...atBlock(again!)
            });
          }
        }
        if (!afterFirst) return 'verdict' in seen ? seen : ok;
        if ('verdict' in afterFirst) return afterFirst;
        const { before, sent, next, place } = afterFirst;
        return place > 1
          ? finding(
              `After Last-Event-ID: ${quote(sent)} the next event is ${quote(next.id!)}: ${quote(before[1]!.id!)}, which came between them before, is left out`,
              // The last that is known may be the newest state.
              {
                ...(next.id === before.at(-1)!.id && { severity: 'information' }),
                probe: 'first-id',
                ...atBlock(next)
              }
            )
          : ok;
      }
    }
  ),
  rule(
    ['R12', 'replay-cross-tenant', 'E S'],
    "Another session's events for a foreign id",
    lastEventId,
    'Scope the log by user.',
    {
      undecided: 'needs two sessions and the knowledge of what each may see: for the owner to test'
    }
  ),
  rule(
    ['R13', 'lei-only-in-query', 'I A'],
    'Resumes from a query argument only',
    lastEventId,
    'Take the header first, then the argument.',
    {
      needs: ['plain', 'first-id'],
      wants: ['query-id'],
      check({ plain, 'first-id': byHeader, 'query-id': byArgument, missing }) {
        const [, second] = eventsWithIds(plain!);
        if (eventsWithIds(byHeader!)[0]?.id === second!.id) return ok;
        if (!byArgument?.head) return notObserved(missing['query-id'] ?? 'an answer');
        const [next] = eventsWithIds(byArgument);
        return next && next.id === second!.id && next.event!.data === second!.event!.data
          ? finding(
              `An argument like lastEventId in the URL is heeded, and the header is not: EventSource sends the header`,
              { probe: 'query-id', ...atBlock(next) }
            )
          : ok;
      }
    }
  ),
  rule(
    ['R14', 'id-reset', 'I C'],
    'An empty id resets the last event ID',
    interpretation,
    'After it a reconnection sends no Last-Event-ID.',
    onStream((found) => {
      let had = false;
      return {
        branches: ['id'],
        looksLike: (text) => had === (fieldValue(text) === ''),
        line(line) {
          if (had) found({ message: 'An empty id resets the last event ID', ...at(line) });
          had = true;
        }
      };
    })
  ),
  rule(
    ['R15', 'retry-not-digits', 'W C'],
    'A retry that is not a whole number',
    interpretation,
    'Write milliseconds in ASCII digits.',
    onLine(['retry ignored'], (line, found) => {
      found({ message: () => `${quote(line.text)} is ignored`, ...at(line) });
    })
  ),
  rule(
    ['R16', 'retry-tiny', 'E A'],
    'A retry of nothing',
    'measured: Chromium asked 459 times in 2 s of a server that closes, after retry: 0',
    'Use 1000 or more.',
    onStream((found) => {
      const isTiny = (text: string) => Number(fieldValue(text)) < 100;
      let usual: { number: number; hasData: boolean } | undefined;
      const isEventLater = ({ line }: UnfinishedBlock) =>
        usual !== undefined && line > usual.number && (usual.hasData || line - usual.number > 2);
      return {
        branches: ['retry'],
        looksLike: (text) => !usual || isTiny(text),
        line(line, block) {
          if (!isTiny(line.text)) usual = { number: line.number, hasData: block.dataLines > 0 };
          else
            found({
              message: () =>
                `${quote(line.text)}: each time the connection ends, or none is to be had, clients ask again after ${Number(fieldValue(line.text))} ms, or as soon as they allow`,
              // Before a server ends the stream of its own, and begins the next with the usual one.
              ...(isEventLater(block) && { severity: 'warning' as const }),
              ...at(line)
            });
        }
      };
    })
  ),
  rule(
    ['R17', 'retry-huge', 'W A'],
    'A retry of more than five minutes',
    interpretation,
    'Use 60000 at most: it counts for all later outages too.',
    onLine(
      ['retry'],
      (line, found) =>
        found({
          message: () => `${quote(line.text)}: after an outage clients are away for that long`,
          ...at(line)
        }),
      (text) => Number(fieldValue(text)) > 300_000
    )
  ),
  rule(
    ['R18', 'retry-absent', 'I A'],
    'No retry',
    processingModel,
    'Say how long to wait, 2000 to 5000: the default is the client’s own.',
    onAbsence(['retry', 'retry ignored'], 'The stream has no retry field', 'lines', ({ lines }) => lines)
  ),
  rule(
    ['R19', 'retry-same-for-all', 'I A'],
    'Every connection is told the same retry',
    processingModel,
    'Add some chance to it: after a restart all clients come back at the same moment.',
    {
      needs: ['plain', 'again'],
      check({ plain, again }) {
        const [a, b] = [plain!.trace?.reconnectionTime, again!.trace?.reconnectionTime];
        if (a === undefined || b === undefined)
          return notApplicable('the two connections were not both told one');
        return a === b ? finding(`Both connections were told ${a} ms`) : ok;
      }
    }
  ),
  rule(
    ['R20', 'retry-every-event', 'I N'],
    'Each event repeats the retry',
    interpretation,
    'Once per connection is enough.',
    onStream((found) => ({
      end({ trace: { retries, lastRetry, events } }) {
        if (retries >= 3 && retries >= events)
          found({ message: `${retries} retry fields with ${events} events`, ...at(lastRetry!) });
        return undefined;
      }
    }))
  ),
  rule(
    ['R21', 'short-poll', 'W A'],
    'The stream ends at once: clients poll',
    processingModel,
    'Hold the connection open and write to it; answer 204 when all is said.',
    {
      needs: ['plain', 'again'],
      check: judgePolling
    }
  ),
  rule(
    ['R22', 'silent-gap', 'I A'],
    'What came in between is not sent again, and nobody says so',
    lastEventId,
    'Send what is missing, or an event of its own type that says so; unless each event is the whole state.',
    {
      needs: ['plain', 'first-id'],
      check(observations) {
        const seen = resumedAfterFirst(observations);
        if ('verdict' in seen) return seen;
        const { before, sent, next } = seen;
        const isKnown = before.some(({ id }) => id === next.id);
        const isLikeThem = before.some(({ event }) => event!.type === next.event!.type);
        if (!next.id || isKnown || !isLikeThem) return ok;
        return finding(
          `After Last-Event-ID: ${quote(sent)} the next event is ${quote(next.id)}: ${quote(before[1]!.id!)}, which came in between, is not sent again`,
          { probe: 'first-id', ...atBlock(next) }
        );
      }
    }
  ),
  rule(
    ['R23', 'end-without-mark', 'I A'],
    'The end of the stream is no end for clients',
    processingModel,
    'Say the end with a last event on which the page calls close(), and answer 204 after it.',
    {
      needs: ['plain', 'again'],
      check(observations) {
        const { plain, again } = observations;
        if (isAnswer(observations)) return noReconnection;
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        if (!hasEnded(plain!)) return notObserved('the end of the stream');
        if (!isStreamHead(again!.head) || saysTheEnd(plain!)) return ok;
        if (yieldsTo(observations, 'R21') && judgePolling(observations).verdict === 'finding')
          return notApplicable('clients poll: R21');
        const id = headerOf(again!.request, 'last-event-id');
        return finding(
          `The stream ended, and a reconnection${id === undefined ? ' (without an id)' : ''} was answered with 200: clients come back for ever`,
          { at: plain!.endedAt }
        );
      }
    }
  ),
  rule(
    ['R24', 'id-absent', 'I A'],
    'No event has an id',
    lastEventId,
    'Give each event an id, and continue after Last-Event-ID: without, clients miss what comes while they are away.',
    onAbsence(
      ['id', 'id ignored'],
      'There is no id that clients could send',
      'data lines',
      ({ dataLines }) => dataLines,
      (text) => fieldValue(text) !== ''
    )
  )
];
