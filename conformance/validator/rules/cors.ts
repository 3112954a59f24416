import type { Head } from '../recording.ts';
import { combinedValueOf, headerOf, headersOf, opensStream } from '../observe.ts';
import { madeUpOrigin } from '../probes.ts';
import {
  finding,
  notApplicable,
  notObserved,
  ok,
  quote,
  rule,
  type Evidence,
  type Observations,
  type Rule
} from '../rule.ts';
import { fetchStandard } from './sources.ts';

const cors = fetchStandard('http-cors-protocol');
const acao = 'access-control-allow-origin';

function list(values: string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim().toLowerCase());
}

function allowsCredentials(head: Head | undefined): boolean {
  return combinedValueOf(head, 'access-control-allow-credentials') === 'true';
}

/** https://fetch.spec.whatwg.org/#concept-cors-check */
export function passesTheCorsCheck(head: Head | undefined, origin: string, withCredentials = false): boolean {
  const allowed = combinedValueOf(head, acao);
  if (!withCredentials && allowed === '*') return true;
  return allowed === origin && (!withCredentials || allowsCredentials(head));
}

/** Whether other origins are meant to read the stream. */
function isCrossOriginMeant({ origin, 'origin-request': asked }: Observations): boolean {
  return origin !== undefined || headerOf(asked?.head, acao) !== undefined;
}

/** Whether pages of `--origin` are meant to send cookies, as the validator did. */
function areCookiesMeant({ origin, 'origin-request': asked }: Observations): boolean {
  return origin !== undefined && headerOf(asked!.request, 'cookie') !== undefined;
}

/** How bad a preflight that fails is: without an id, clients over fetch have no Last-Event-ID to send, and ask without one. */
function severityOfPreflight({ plain }: Observations): Pick<Evidence, 'severity'> {
  const { events = 0, lastEventId } = plain?.trace ?? {};
  return events > 0 && lastEventId === '' ? { severity: 'information' } : {};
}

const notMeant = notApplicable('the answer allows no other origin, and no --origin was given');

export const crossOrigin: Rule[] = [
  rule(
    ['X01', 'no-acao', 'W C'],
    'The origin is not allowed',
    fetchStandard('cors-check'),
    'Send one Access-Control-Allow-Origin, with the origin, and with cookies Access-Control-Allow-Credentials: true.',
    {
      needs: ['origin-request'],
      check(observations) {
        const { origin, 'origin-request': asked } = observations;
        const { head } = asked!;
        const allowed = combinedValueOf(head, acao);
        if (allowed?.includes(',')) {
          return finding(
            `Access-Control-Allow-Origin is ${quote(allowed)}: of several values browsers take none`,
            { at: head!.at }
          );
        }
        if (origin === undefined) return notApplicable('no --origin was given');
        if (allowed !== '*' && allowed !== origin) {
          return finding(
            allowed === undefined
              ? `No Access-Control-Allow-Origin for ${quote(origin)}`
              : `Access-Control-Allow-Origin is ${quote(allowed)}, not ${quote(origin)}`,
            { at: head!.at }
          );
        }
        if (passesTheCorsCheck(head, origin, areCookiesMeant(observations))) return ok;
        if (allowed === '*' && allowsCredentials(head))
          return notApplicable('any origin, with credentials: X02');
        return finding(
          allowed === '*'
            ? 'Access-Control-Allow-Origin is *, which browsers do not take for a request with cookies'
            : 'There is no Access-Control-Allow-Credentials: true, without which browsers refuse a request with cookies',
          { at: head!.at }
        );
      }
    }
  ),
  rule(
    ['X02', 'acao-star-with-credentials', 'E C'],
    'Any origin, with credentials',
    fetchStandard('cors-check'),
    'Answer with the origin of the request, if you know it, and Vary: Origin.',
    {
      needs: ['origin-request'],
      check({ 'origin-request': asked }) {
        const { head } = asked!;
        return combinedValueOf(head, acao) === '*' && allowsCredentials(head)
          ? finding(
              'Access-Control-Allow-Origin: * with Access-Control-Allow-Credentials: true: with credentials no browser takes it',
              { at: head!.at }
            )
          : ok;
      }
    }
  ),
  rule(
    ['X03', 'acao-echo-any-with-credentials', 'E S'],
    'Every origin is allowed, with credentials',
    cors,
    'Allow the origins on a list: as it is, any page can read the stream of whoever visits it.',
    {
      needs: ['origin-request'],
      wants: ['other-origin'],
      check({ sentOrigin, 'origin-request': asked, 'other-origin': other, missing }) {
        const [origin, head] =
          sentOrigin === madeUpOrigin ? [sentOrigin, asked!.head] : [madeUpOrigin, other?.head];
        if (!head) return notObserved(missing['other-origin'] ?? 'an answer');
        return passesTheCorsCheck(head, origin, true)
          ? finding(`The made-up origin ${quote(origin)} is allowed, with credentials`, { at: head.at })
          : ok;
      }
    }
  ),
  rule(
    ['X04', 'no-vary-origin', 'W A'],
    'The answer depends on the origin and does not say so',
    cors,
    'Add Vary: Origin, or Cache-Control: no-store.',
    {
      needs: ['origin-request'],
      wants: ['other-origin'],
      check({ sentOrigin, 'origin-request': asked, 'other-origin': other, missing }) {
        const { head } = asked!;
        if (combinedValueOf(head, acao) !== sentOrigin) return notApplicable('the origin is not echoed');
        if (list(headersOf(head, 'cache-control')).includes('no-store'))
          return notApplicable('it may not be stored');
        if (sentOrigin !== madeUpOrigin) {
          if (!other?.head) return notObserved(missing['other-origin'] ?? 'an answer');
          if (combinedValueOf(other.head, acao) === sentOrigin)
            return notApplicable('every origin gets the same answer');
        }
        const vary = list(headersOf(head, 'vary'));
        return vary.includes('origin') || vary.includes('*')
          ? ok
          : finding('The origin is echoed without Vary: Origin: a cache may give it to another', {
              at: head!.at
            });
      }
    }
  ),
  rule(
    ['X05', 'acao-missing-on-errors-or-redirects', 'I C'],
    'A redirect or an error that does not allow the origin',
    fetchStandard('cors-check'),
    'Send Access-Control-Allow-Origin on redirects and errors too.',
    {
      needs: ['origin-request'],
      wants: ['without-credentials'],
      check({ 'origin-request': asked, 'without-credentials': refused }) {
        if (headerOf(asked!.head, acao) === undefined)
          return notApplicable('the answer allows no other origin');
        const others = [
          ...asked!.redirects.map(({ head }) => head),
          ...(refused?.head && refused.head.status >= 400 ? [refused.head] : [])
        ];
        const bare = others.find((head) => headerOf(head, acao) === undefined);
        return bare
          ? finding(`The ${bare.status} has no Access-Control-Allow-Origin, unlike the stream`, {
              at: bare.at
            })
          : ok;
      }
    }
  ),
  rule(
    ['X06', 'preflight-rejects-last-event-id', 'W A'],
    'The preflight does not allow Last-Event-ID',
    'measured: native EventSources send no preflight for it, clients over fetch do',
    'Send Access-Control-Allow-Headers: Last-Event-ID, Cache-Control.',
    {
      needs: ['preflight', 'origin-request'],
      check(observations) {
        const { head } = observations.preflight!;
        if (!isCrossOriginMeant(observations)) return notMeant;
        if (head!.status < 200 || head!.status > 299) return notApplicable('the preflight is refused: X08');
        if (opensStream(observations.preflight!)) return notApplicable('the preflight opens a stream: X07');
        const allowed = list(headersOf(head, 'access-control-allow-headers'));
        if (allowed.includes('last-event-id') || (allowed.includes('*') && !allowsCredentials(head)))
          return ok;
        return finding(
          'Access-Control-Allow-Headers has no Last-Event-ID: clients over fetch cannot reconnect with one from other origins',
          { at: head!.at, ...severityOfPreflight(observations) }
        );
      }
    }
  ),
  rule(
    ['X07', 'preflight-opens-stream', 'W A'],
    'The preflight is answered with a stream',
    cors,
    'Answer OPTIONS with 204.',
    {
      needs: ['preflight', 'origin-request'],
      check(observations) {
        if (!isCrossOriginMeant(observations))
          return notApplicable('other origins are not meant to use it: H15');
        return opensStream(observations.preflight!)
          ? finding('OPTIONS was answered with a stream', {
              at: observations.preflight!.head!.at,
              ...severityOfPreflight(observations)
            })
          : ok;
      }
    }
  ),
  rule(
    ['X08', 'preflight-non-2xx', 'W C'],
    'The preflight is refused',
    fetchStandard('cors-preflight-fetch'),
    'Answer OPTIONS with 204, also without credentials.',
    {
      needs: ['preflight', 'origin-request'],
      check(observations) {
        if (!isCrossOriginMeant(observations)) return notMeant;
        const { head } = observations.preflight!;
        if (head!.status < 200 || head!.status > 299) {
          return finding(
            `Status ${head!.status} for OPTIONS: clients over fetch cannot send Last-Event-ID from other origins`,
            { at: head!.at, ...severityOfPreflight(observations) }
          );
        }
        const { origin, sentOrigin, 'origin-request': asked } = observations;
        const allowed = combinedValueOf(head, acao);
        // Without --origin those that the stream allows are meant.
        const isSame = origin === undefined && allowed === combinedValueOf(asked!.head, acao);
        return opensStream(observations.preflight!) ||
          isSame ||
          passesTheCorsCheck(head, sentOrigin, areCookiesMeant(observations))
          ? ok
          : finding(
              `The answer to OPTIONS does not allow the origin (Access-Control-Allow-Origin ${allowed === undefined ? 'is missing' : `is ${quote(allowed)}`}): clients over fetch cannot send Last-Event-ID`,
              { at: head!.at, ...severityOfPreflight(observations) }
            );
      }
    }
  ),
  rule(
    ['X09', 'expose-headers', 'I A'],
    'A header that pages of other origins need is not exposed',
    fetchStandard('http-access-control-expose-headers'),
    'Send Access-Control-Expose-Headers: Mcp-Session-Id.',
    {
      needs: ['origin-request'],
      check({ 'origin-request': asked }) {
        const { head } = asked!;
        if (headerOf(head, acao) === undefined || headerOf(head, 'mcp-session-id') === undefined)
          return notApplicable('there is no such header');
        const exposed = list(headersOf(head, 'access-control-expose-headers'));
        return exposed.includes('mcp-session-id') || exposed.includes('*')
          ? ok
          : finding('Mcp-Session-Id is not exposed', { at: head!.at });
      }
    },
    ['mcp']
  )
];
