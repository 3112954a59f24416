import { extractTheEssence } from '../../../polyfill/platform/mime-type.ts';
import type { Head } from '../recording.ts';
import {
  combinedValueOf,
  essenceOf,
  hasEnded,
  headerOf,
  headersOf,
  isRedirect,
  isStreamHead,
  opensStream,
  type Exchange
} from '../observe.ts';
import {
  finding,
  notApplicable,
  notObserved,
  ok,
  onHead,
  plural,
  quote,
  rule,
  yieldsTo,
  type Observations,
  type Rule
} from '../rule.ts';
import { passesTheCorsCheck } from './cors.ts';
import { isForPostOnly, lacksSession, mayAnswerJson } from './dialects.ts';
import { parseJson } from './format-events.ts';
import { isAnswer, judgePolling, noReconnection, saysTheEnd } from './resume.ts';
import { fetchStandard, rfc, standard } from './sources.ts';

const { processingModel, registration } = standard;

/** The values of all Content-Types: a comma in a quoted string separates nothing. */
function typesOf(head: Head | undefined): string[] {
  return (
    headersOf(head, 'content-type')
      .join(', ')
      .match(/("(\\.?|[^"\\])*("|$)|[^",])+/g) ?? []
  );
}

/** The charset of the event stream that the Content-Types mean: a later value that is one too keeps it. */
function charsetOf(head: Head | undefined): string | undefined {
  let charset: string | undefined;
  for (const type of typesOf(head)) {
    const essence = extractTheEssence(type);
    if (essence === '') continue;
    if (essence !== 'text/event-stream') charset = undefined;
    const parameters = type.matchAll(/;\s*([^\s;="]+)=(?:"((?:\\.?|[^"\\])*)(?:"|$)|([^\s;]*))/g);
    const [, , quoted, bare] = [...parameters].find(([, name]) => name!.toLowerCase() === 'charset') ?? [];
    charset = quoted ?? bare ?? charset;
  }
  return charset;
}

/** Labels of other encodings, and so a real choice and no typing error. */
const otherEncoding =
  /^(iso-?8859-\d+|latin-?\d|windows-\d+|cp\d+|us-ascii|ascii|utf-?16(le|be)?|utf-?32|shift[_-]jis|sjis|euc-\w+|gb\w+|big5|koi8-\w+|iso-2022-\w+|x-[\w-]+)$/i;

const transient = [429, 500, 502, 503];

/** Markup under its own name, or that says so itself. */
function isHtml({ head, beginning }: Exchange): boolean {
  const opening = essenceOf(head) === 'text/html' ? /^\s*</ : /^\s*(<!doctype html|<html)/i;
  return opening.test(beginning.toString('latin1', 0, 512));
}

/** A JSON object that says error. */
function jsonError(body: Buffer): boolean {
  const value = parseJson(body.toString('utf8'));
  if (typeof value !== 'object' || value === null) return false;
  const { error, errors, success, ok, status, statusCode, code } = value as Record<string, unknown>;
  return (
    [error, errors].flat().some(Boolean) ||
    success === false ||
    ok === false ||
    [status, statusCode, code].some((one) => /^(error|fail(ed|ure)?|[45]\d\d)$/i.test(String(one)))
  );
}

/** Whether two values of a cookie may hold one session: one that is kept in the cookie is encrypted or signed anew with each answer. */
function mayBeSameSession(before: string, after: string): boolean {
  // base64 of {"iv":, as Laravel has it; data, vector and tag, as Rails.
  if (/^eyJpdiI6|--[\w+/%=]{12,40}--[\w+/%=]{12,60}$/.test(after)) return true;
  // JSON in base64, which may be compressed, before a time and a signature, as Flask, Starlette and Django; but not the head of a JSON Web Token.
  const [contents] = /^(eyJ(?!hbGci|0eXAi)|\.eJ)[\w=+/-]+[.:]/.exec(after) ?? [];
  return contents === undefined ? before === after : before.startsWith(contents);
}

const atFirstDrop = 'clients stop for good when the first connection is lost';

/** Whether clients of a stream do not get it again, though it did not say its end. */
function refusesReconnection(observations: Observations): boolean {
  const { plain, again } = observations;
  const { head } = again!;
  return (
    isStreamHead(plain!.head) &&
    !isAnswer(observations) &&
    !isStreamHead(head) &&
    ![204, ...transient, 504].includes(head!.status) &&
    !(hasEnded(plain!) && plain!.undecodable === undefined && saysTheEnd(plain!))
  );
}

function isMcpJson(observations: Observations): boolean {
  return mayAnswerJson(observations) && essenceOf(observations.plain!.head) === 'application/json';
}

export const head: Rule[] = [
  rule(
    ['H01', 'ct-missing-or-wrong', 'E C'],
    'The Content-Type is not text/event-stream',
    processingModel,
    'Set Content-Type: text/event-stream before the first byte.',
    {
      needs: ['plain'],
      wants: ['again'],
      check(observations) {
        const { plain, again } = observations;
        const { head } = plain!;
        if (head!.status !== 200) return notApplicable(`the status is ${head!.status}`);
        if (isStreamHead(head)) {
          if (again?.head?.status !== 200 || !refusesReconnection(observations)) return ok;
          return finding(
            `The Content-Type of the reconnection is ${quote(headersOf(again.head, 'content-type').join(', '))}: ${atFirstDrop}`,
            { at: again.head.at, severity: 'warning' }
          );
        }
        if (isMcpJson(observations)) return notApplicable('MCP answers in JSON where it does not stream');
        if (isHtml(plain!)) return notApplicable('the answer is a page: H07');
        const types = headersOf(head, 'content-type');
        return finding(
          types.length === 0
            ? 'There is no Content-Type: by the standard clients fail the connection, and never ask again'
            : `The Content-Type is ${quote(types.join(', '))}: by the standard clients fail the connection, and never ask again`,
          { at: head!.at }
        );
      }
    }
  ),
  rule(
    ['H02', 'ct-charset-not-utf8', 'E V'],
    'The charset is not UTF-8',
    registration,
    'Leave the parameter out: event streams are always UTF-8.',
    onHead(({ head }) => {
      if (essenceOf(head) !== 'text/event-stream') return notApplicable('the answer is no event stream');
      const charset = charsetOf(head);
      if (charset === undefined || !otherEncoding.test(charset)) return ok;
      return finding(`charset=${quote(charset)}: read as UTF-8 by the standard, refused by Chromium`, {
        at: head.at
      });
    })
  ),
  rule(
    ['H03', 'ct-charset-misspelt', 'E V'],
    'The charset is misspelt',
    registration,
    'Write charset=utf-8, or nothing.',
    onHead(({ head }) => {
      if (essenceOf(head) !== 'text/event-stream') return notApplicable('the answer is no event stream');
      const charset = charsetOf(head);
      if (charset === undefined || /^utf-8$/i.test(charset) || otherEncoding.test(charset)) return ok;
      return finding(`charset=${quote(charset)} is no name of UTF-8 here: Chromium closes the connection`, {
        at: head.at
      });
    })
  ),
  rule(
    ['H04', 'ct-duplicate', 'E V'],
    'Two Content-Types',
    rfc(9110, '5.3'),
    'Send one: where a library sets it already, do not add another.',
    onHead(({ head }) => {
      if (typesOf(head).length < 2) return ok;
      const types = headersOf(head, 'content-type');
      return finding(`The Content-Types are ${types.map((type) => quote(type)).join(' and ')}`, {
        at: head.at
      });
    })
  ),
  rule(
    ['H05', 'ct-charset-present', 'I A'],
    'The Content-Type has a charset',
    registration,
    'Allowed; leave it out, since clients exist that compare the whole value.',
    onHead(({ head }) => {
      return essenceOf(head) === 'text/event-stream' && /^utf-8$/i.test(charsetOf(head) ?? '')
        ? finding(`The Content-Type is ${quote(headersOf(head, 'content-type').join(', '))}`, { at: head.at })
        : ok;
    })
  ),
  rule(
    ['H06', 'status-2xx-not-200', 'E C'],
    'A status of success that is not 200',
    processingModel,
    'Answer 200.',
    onHead(({ head }, observations) =>
      head.status === 202 && mayAnswerJson(observations)
        ? notApplicable('MCP takes a notification so')
        : head.status > 200 && head.status < 300 && head.status !== 204
          ? finding(`The status is ${head.status}: every client fails the connection`, { at: head.at })
          : ok
    )
  ),
  rule(
    ['H07', 'html-200-login', 'E C'],
    'A page in place of the stream',
    processingModel,
    'Answer 401 or 403, and keep redirects to login pages off the route of the stream.',
    {
      needs: ['plain'],
      check({ plain }) {
        const { head, beginning, redirects } = plain!;
        if (head!.status !== 200 || !isHtml(plain!)) return ok;
        const isForm = /<input[^>]{1,300}type=["']?password/i.test(beginning.toString('latin1'));
        return finding(
          `The answer is an HTML page${isForm ? ' that asks for a password' : ''}${redirects.length > 0 ? ', after a redirect' : ''}: ${isStreamHead(head) ? 'labelled as an event stream, it is one without events' : 'every client fails the connection'}`,
          { at: head!.at }
        );
      }
    }
  ),
  rule(
    ['H08', 'error-as-200-json', 'W C'],
    'An error with status 200',
    processingModel,
    'Answer with the status of the error.',
    {
      needs: ['plain'],
      check(observations) {
        const { plain } = observations;
        if (plain!.head!.status !== 200 || !/^application\/([^/]+\+)?json$/.test(essenceOf(plain!.head)))
          return ok;
        if (isMcpJson(observations)) return notApplicable('errors of JSON-RPC come with 200');
        return jsonError(plain!.beginning)
          ? finding(`The answer is ${quote(plain!.beginning.toString('latin1', 0, 60))}`, {
              at: plain!.head!.at
            })
          : ok;
      }
    }
  ),
  rule(
    ['H09', 'transient-5xx-fatal', 'W C'],
    'A passing outage that ends every client for good',
    processingModel,
    'Have proxies answer 200 and close, or hold, while the server is away; else pages must open a new EventSource.',
    {
      needs: ['plain'],
      wants: ['again'],
      check({ plain, again }) {
        // It came at once, as clients do not that were told to wait.
        if (again?.head?.status === 429 && plain!.head!.status === 200)
          return notObserved('a reconnection that waits as long as clients do: one at once was too many');
        for (const head of [plain!.head, again?.head]) {
          // The first 504 is T17's.
          if (head && (transient.includes(head.status) || (head.status === 504 && head === again?.head))) {
            return finding(
              `Status ${head.status}: EventSource fails the connection and does not try again, whatever Retry-After says`,
              { at: head.at, ...(head === plain!.head && { severity: 'error' as const }) }
            );
          }
        }
        return ok;
      }
    }
  ),
  rule(
    ['H10', 'redirect-chain', 'I A'],
    'The stream is behind a redirect',
    fetchStandard('http-redirect-fetch'),
    'Serve it directly: each reconnection follows the redirects anew.',
    onHead(({ redirects }) =>
      redirects.length > 0
        ? finding(
            `${plural(redirects.length, 'redirect')} (${redirects.map(({ head }) => head.status).join(', ')})`,
            { at: redirects[0]!.head.at }
          )
        : ok
    )
  ),
  rule(
    ['H11', 'redirect-cross-origin', 'W C'],
    'A redirect to another origin that does not allow it',
    fetchStandard('cors-check'),
    'Send Access-Control-Allow-Origin on every hop.',
    {
      needs: ['plain', 'origin-request'],
      check({ url, sentOrigin, plain, 'origin-request': crossed }) {
        const target = plain!.request.url;
        if (target.origin === url.origin) return notApplicable('there is no redirect to another origin');
        return passesTheCorsCheck(crossed!.head, sentOrigin)
          ? ok
          : finding(
              `The redirect leads to ${quote(target.origin)}, which does not allow ${quote(sentOrigin)} (Access-Control-Allow-Origin): pages cannot read it`,
              { at: plain!.head!.at }
            );
      }
    }
  ),
  rule(
    ['H12', 'no-204-path', 'I A'],
    'Clients are never told to stop',
    processingModel,
    'Answer 204 when there will be no more: it is the only way to stop the reconnecting from the server.',
    {
      needs: ['plain', 'again'],
      check(observations) {
        const { plain, again } = observations;
        if (isAnswer(observations)) return noReconnection;
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        if (!hasEnded(plain!)) return notObserved('the end of the stream');
        if (!isStreamHead(again!.head)) return ok;
        if (!saysTheEnd(plain!)) return notApplicable('nothing says that it was the end: R23');
        if (yieldsTo(observations, 'R21') && judgePolling(observations).verdict === 'finding')
          return notApplicable('clients poll: R21');
        return finding('The stream ended, and a reconnection was answered with 200 again', {
          at: again!.head!.at
        });
      }
    }
  ),
  rule(['H13', '204-body', 'I V'], 'A 204 with a body', rfc(9110, '15.3.5'), 'Send the bare 204.', {
    needs: ['plain'],
    wants: ['again'],
    check({ plain, again }) {
      const stopped = [plain!, again].find((exchange) => exchange?.head?.status === 204);
      if (!stopped) return notApplicable('there is no 204');
      const { head, contentLength, extraBytes } = stopped;
      if (contentLength || extraBytes > 0 || headerOf(head, 'transfer-encoding') !== undefined) {
        return finding('The 204 announces or has a body', { at: head!.at });
      }
      // https://www.rfc-editor.org/rfc/rfc9110#section-8.6-9
      return contentLength === undefined
        ? ok
        : finding('The 204 has a Content-Length, which it must not have', { at: head!.at });
    }
  }),
  rule(
    ['H14', 'head-hangs', 'W A'],
    'HEAD is not answered',
    rfc(9110, '9.3.2'),
    'Answer HEAD at once with the head alone: health checks and proxies ask so.',
    {
      needs: ['head-request'],
      wants: ['plain'],
      check({ plain, 'head-request': asked }) {
        const { failure } = asked!;
        if (!failure) return ok;
        if (!plain?.head) return notApplicable('no head comes for GET either: T09');
        // What was not sent has no time.
        if (failure.kind !== 'timeout' || !(asked!.endedAt - asked!.sentAt >= 1400))
          return notObserved('an answer to HEAD');
        return finding(`No answer to HEAD within ${Math.round(asked!.endedAt - asked!.sentAt)} ms`, {
          at: asked!.endedAt
        });
      }
    }
  ),
  rule(
    ['H15', 'wrong-method', 'I A'],
    'OPTIONS opens a stream too',
    rfc(9110, '9.1'),
    'Answer methods that are not for the stream with 405 and Allow.',
    {
      needs: ['preflight'],
      wants: ['origin-request'],
      check({ preflight, 'origin-request': crossed, origin }) {
        if (origin !== undefined || headerOf(crossed?.head, 'access-control-allow-origin') !== undefined) {
          return notApplicable('other origins are meant to use it: X07');
        }
        return opensStream(preflight!)
          ? finding('OPTIONS was answered with a stream', { at: preflight!.head!.at })
          : ok;
      }
    }
  ),
  rule(
    ['H16', '406-on-accept', 'W A'],
    'The Accept header is refused',
    fetchStandard('fetching'),
    'Take text/event-stream and */*: clients send either.',
    {
      needs: ['plain'],
      wants: ['origin-request'],
      check({ plain, 'origin-request': any }) {
        for (const exchange of [plain!, any]) {
          if (exchange?.head?.status !== 406) continue;
          const accept = headerOf(exchange.request, 'accept')!;
          return finding(`Status 406 for Accept: ${quote(accept)}`, {
            at: exchange.head.at,
            ...(exchange === plain && { severity: 'error' as const })
          });
        }
        return ok;
      }
    }
  ),
  rule(
    ['H17', 'http-1.0', 'W A'],
    'HTTP/1.0',
    rfc(9112, '2.3'),
    'Answer as HTTP/1.1: 1.0 has no chunks, and proxies gather the whole answer.',
    onHead(({ head }) => {
      if (head.version === '2') return notApplicable('the answer is HTTP/2');
      return head.version === '1.0' ? finding('The answer is HTTP/1.0', { at: head.at }) : ok;
    })
  ),
  rule(
    ['H18', 'content-length', 'W A'],
    'A stream with a Content-Length',
    rfc(9112, '6.3'),
    'Send no length: the stream ends for clients where it says, and what comes later is lost.',
    {
      needs: ['plain'],
      check({ method, plain }) {
        const { head, contentLength, framing, ending, extraBytes } = plain!;
        const isLength = framing === 'length' || framing === 'HTTP/2';
        if (!isStreamHead(head) || !contentLength || !isLength) return ok;
        if (method !== 'GET' && ending === 'complete' && extraBytes === 0)
          return notApplicable(`an answer to ${method} may be complete`);
        return finding(`Content-Length: ${contentLength} on an event stream`, { at: head!.at });
      }
    }
  ),
  rule(
    ['H19', 'content-length-0', 'E V'],
    'Content-Length: 0, and then bytes',
    rfc(9112, '6.3'),
    'Remove the header: clients read nothing.',
    {
      needs: ['plain'],
      check: ({ plain }) =>
        plain!.framing === 'HTTP/2'
          ? notApplicable('HTTP/2 marks the end itself')
          : plain!.framing === 'length' && plain!.contentLength === 0 && plain!.extraBytes > 0
            ? finding(`Content-Length: 0, and ${plain!.extraBytes} bytes came after it`, {
                at: plain!.head!.at
              })
            : ok
    }
  ),
  rule(
    ['H20', 'te-and-cl', 'E VS'],
    'Transfer-Encoding and Content-Length together',
    rfc(9112, '6.1'),
    'Send one of the two: with both, proxies disagree on where the answer ends.',
    onHead(({ head }) => {
      if (head.version === '2') return notApplicable('HTTP/2 has no Transfer-Encoding: H22');
      const lengths = headersOf(head, 'content-length')
        .flatMap((value) => value.split(','))
        .map((value) => value.trim());
      const coding = headerOf(head, 'transfer-encoding');
      if (coding !== undefined && lengths.length > 0) {
        return finding(
          `Transfer-Encoding: ${quote(coding)} and Content-Length: ${quote(headerOf(head, 'content-length')!)}`,
          { at: head.at }
        );
      }
      if (new Set(lengths).size > 1) return finding('Two Content-Lengths that differ', { at: head.at });
      return lengths.length === 0 || /^\d+$/.test(lengths[0]!)
        ? ok
        : finding(`Content-Length: ${quote(lengths[0]!)} is no number: strict clients fail the connection`, {
            at: head.at
          });
    })
  ),
  rule(
    ['H21', 'chunk-broken', 'W V'],
    'The answer is broken off',
    rfc(9112, '8'),
    'End the answer as HTTP has it, with the last chunk: clients take this for a network error.',
    {
      needs: ['plain'],
      check({ plain }) {
        const { framing, ending, framingFault, endedAt, bodyBytes, contentLength } = plain!;
        if (ending === 'bad framing')
          return finding(`The chunks cannot be read: ${framingFault}`, { at: endedAt, severity: 'error' });
        if (ending !== 'cut' && ending !== 'reset') return ok;
        const how = ending === 'cut' ? 'closed' : 'reset';
        if (framing === 'HTTP/2')
          return finding(`The HTTP/2 stream was reset or its connection closed, after ${bodyBytes} bytes`, {
            at: endedAt
          });
        const missing =
          framing === 'chunked'
            ? ' without the last chunk,'
            : framing === 'length'
              ? ` before its ${contentLength} bytes were there,`
              : '';
        return finding(`The connection was ${how}${missing} after ${bodyBytes} bytes`, { at: endedAt });
      }
    }
  ),
  rule(
    ['H22', 'h2-connection-header', 'E V'],
    'A Connection header over HTTP/2',
    rfc(9113, '8.2.2'),
    'Send it on HTTP/1.1 only.',
    {
      needs: [],
      wants: ['plain'],
      check({ plain }) {
        const { forbiddenFields, head, endedAt } = plain!;
        if (forbiddenFields) {
          return finding(
            `Over HTTP/2 the answer has ${forbiddenFields.map((name) => quote(name)).join(' and ')}: clients that are strict, WebKit among them, fail the connection`,
            { at: head?.at ?? endedAt }
          );
        }
        if (!head) return notObserved('an answer');
        return head.version === '2' ? ok : notApplicable(`the answer is HTTP/${head.version}`);
      }
    }
  ),
  rule(
    ['H23', 'set-cookie-each-time', 'W A'],
    'A new cookie with each connection',
    rfc(6265, '3'),
    'Keep the session that the client sends back.',
    {
      needs: ['plain', 'again'],
      check({ plain, again }) {
        const parse = (value: string) => /^\s*([^=;\s]+)=([^;]*)/.exec(value);
        const set = headersOf(plain!.head, 'set-cookie').map((value) => value.split(';')[0]!.trim());
        if (set.length === 0) return notApplicable('no cookie is set');
        // A Cookie of --header is sent in place of those.
        const sent = headerOf(again!.request, 'cookie') ?? '';
        const first = new Map(
          sent.split(/; */).flatMap((value) => {
            const [, name, text] = (set.includes(value) && parse(value)) || [];
            return name === undefined ? [] : [[name, text]];
          })
        );
        for (const value of headersOf(again!.head, 'set-cookie')) {
          const [, name = '', text] = parse(value) ?? [];
          // Load balancers and rolling tokens renew theirs as a matter of course.
          const before = first.get(name);
          if (/sess|sid$/i.test(name) && before !== undefined && !mayBeSameSession(before, text!)) {
            return finding(`The cookie ${quote(name)} was sent back, and set anew with another value`, {
              at: again!.head!.at
            });
          }
        }
        return ok;
      }
    }
  ),
  rule(
    ['H24', 'nosniff-absent', 'I S'],
    'No X-Content-Type-Options',
    fetchStandard('x-content-type-options-header'),
    'Send X-Content-Type-Options: nosniff: opened as a page, the stream could be taken for HTML.',
    onHead(({ head }) => {
      const options = combinedValueOf(head, 'x-content-type-options');
      // https://fetch.spec.whatwg.org/#determine-nosniff
      if (!isStreamHead(head) || /^[\t ]*nosniff[\t ]*(,|$)/i.test(options ?? '')) return ok;
      return finding(
        options === undefined
          ? 'There is no X-Content-Type-Options'
          : `X-Content-Type-Options is ${quote(options)}, not "nosniff"`,
        { at: head.at }
      );
    })
  ),
  rule(
    ['H25', 'status-refused', 'E C'],
    'A status that fails the connection',
    processingModel,
    'Answer 200 with the stream; with this status every client stops for good.',
    {
      needs: ['plain'],
      wants: ['again'],
      check(observations) {
        const { plain } = observations;
        const { status, at } = plain!.head!;
        const again = observations.again?.head;
        if (again && again.status !== 200 && refusesReconnection(observations)) {
          // The server may not have seen yet that the first is gone.
          if (again.status === 409 && !hasEnded(plain!))
            return notObserved('a reconnection that comes as late as those of clients: one at once had 409');
          // The stream may have been all there was.
          if (hasEnded(plain!) && [404, 410].includes(again.status))
            return finding(
              `The stream ended, and the status of the reconnection is ${again.status}: clients stop for good, as with 204, but with an error`,
              { at: again.at, severity: 'information' }
            );
          return finding(`The status of the reconnection is ${again.status}: ${atFirstDrop}`, {
            at: again.at,
            severity: 'warning'
          });
        }
        if ((status >= 200 && status < 300) || [...transient, 406, 504].includes(status)) return ok;
        if (isForPostOnly(observations)) return notApplicable('GET is not for streams here: D01');
        if (lacksSession(observations)) return notApplicable('it is the session that lacks: D09');
        if (isRedirect(plain!.head!))
          return finding(
            `The redirects (${status}) lead to no answer: clients take that for a network error, and ask again and again, or give up`,
            { at }
          );
        return finding(`The status is ${status}: every client fails the connection, and never asks again`, {
          at
        });
      }
    }
  )
];
