import { headerOf, headersOf, isStreamHead } from '../observe.ts';
import { madeUpOrigin } from '../probes.ts';
import {
  at,
  finding,
  notApplicable,
  notObserved,
  ok,
  onHead,
  quote,
  rule,
  type Judge,
  type Rule
} from '../rule.ts';
import { decodeUtf8 } from '../latin1.ts';
import type { Branch } from '../trace-observer.ts';
import { jsonWebToken } from './resume.ts';
import { rfc, standard } from './sources.ts';

const injection = 'https://cwe.mitre.org/data/definitions/93.html';

/** A rule on where a line end within a value begins a new line. */
function inject(branches: Branch[], ends: ('lineFeed' | 'carriageReturn')[], what: string): Judge {
  return {
    needs: ['inject'],
    check({ inject: injection }) {
      if (injection!.harmless.reflected.length === 0)
        return notObserved('an argument whose value is in the stream');
      const places = ends
        .flatMap((end) => injection![end].reflected)
        .filter(({ line }) => branches.includes(line.branch));
      if (places.length === 0) return notApplicable(`the value is in no ${what}`);
      const broken = places.find(({ injected }) => injected);
      return broken
        ? finding(
            `What stands behind a line end in the value becomes a line of its own: ${quote(broken.injected!.text)}`,
            { probe: 'inject', ...at(broken.injected!) }
          )
        : ok;
    }
  };
}

/** A rule on all line ends. */
const both: ('lineFeed' | 'carriageReturn')[] = ['lineFeed', 'carriageReturn'];

/** Bounded everywhere: a body can be made to be searched for ever. */
const stackTrace = new RegExp(
  [
    'Traceback \\(most recent call last\\)',
    '(?<![ \\t])[ \\t]{1,16}at [\\w$.<>]{1,200} ?\\([^)\\n]{0,300}:\\d+(:\\d+)?\\)',
    // In a page of Express, and in JSON, where the tab is an escape.
    '(?:&nbsp;|(?<![ \\t])[ \\t]{2,16})at (?:[\\w$.&;]{1,200} \\()?(?:file:/|node:|/)[^\\s()<]{1,300}:\\d+:\\d+',
    '\\\\tat [\\w$.<>/@]{1,200}\\(\\w{1,100}\\.\\w{1,9}:\\d+\\)',
    ' in [^\\n]{1,300}\\.cs:line \\d+',
    "\\.rb:\\d+:in [`']",
    'goroutine \\d+ \\[\\w+\\]:',
    "thread '[^'\\n]{0,100}' panicked at ",
    'PHP (?:Fatal error|Warning): ',
    'Stack trace:(?:\\\\n|\\s|<br ?/?>){1,4}#0 ',
    '"trace":\\s{0,9}\\[\\s{0,99}\\{\\s{0,99}"file":\\s{0,9}"[^"]{1,300}\\.php"',
    '\\(\\w{1,100} [\\d.]{1,20}\\) lib/[^\\n]{1,300}\\.exs?:\\d+: ',
    '<b>(?:Fatal error|Warning)</b>:'
  ].join('|')
);

export const security: Rule[] = [
  rule(
    ['S01', 'inject-data-lf', 'E S'],
    'A line feed in data makes a new field',
    injection,
    'Split data at line feeds, and begin each line with "data: ".',
    inject(['data'], ['lineFeed'], 'data')
  ),
  rule(
    ['S02', 'inject-data-cr', 'E S'],
    'A carriage return in data makes a new field',
    injection,
    'Split data at carriage returns too: they end lines as line feeds do.',
    inject(['data'], ['carriageReturn'], 'data')
  ),
  rule(
    ['S03', 'inject-event', 'E S'],
    'A line end in an event type makes a new field',
    injection,
    'Refuse event types with CR or LF.',
    inject(['event'], both, 'event type')
  ),
  rule(
    ['S04', 'inject-id', 'E S'],
    'A line end in an id makes a new field',
    injection,
    'Refuse ids with CR or LF.',
    inject(['id', 'id ignored'], both, 'id')
  ),
  rule(
    ['S05', 'inject-comment', 'W S'],
    'A line end in a comment makes a new field',
    injection,
    'Begin each line of a comment with a colon.',
    inject(['comment'], both, 'comment')
  ),
  rule(
    ['S06', 'inject-kills-stream', 'W S'],
    'A value with a line end ends the stream',
    injection,
    'Check values before the stream begins, and answer 400.',
    {
      needs: ['inject'],
      check({ inject: injection }) {
        if (injection!.harmless.reflected.length === 0)
          return notObserved('an argument whose value is in the stream');
        for (const end of both) {
          const { exchange } = injection![end];
          const { head, events } = exchange;
          if (
            head &&
            (head.status >= 500 ||
              (isStreamHead(head) && events.length === 0 && exchange.ending !== 'time limit'))
          ) {
            return finding(
              `A value with a ${end === 'lineFeed' ? 'line feed' : 'carriage return'} gets status ${head.status}${head.status === 200 ? ' and no event, and the stream ends' : ''}`,
              { at: exchange.endedAt }
            );
          }
        }
        return ok;
      }
    }
  ),
  rule(
    ['S07', 'token-in-url', 'W S'],
    'A secret in the URL',
    rfc(6750, '5.3'),
    'Use a cookie, or a ticket that is good for one connection: URLs stand in logs and histories.',
    {
      needs: ['url'],
      check({ url }) {
        if (url.password !== '') return finding('The URL has a password before the @');
        const [name] =
          [...url.searchParams].find(
            ([key, value]) =>
              /^(access[_-]?token|auth[_-]?token|token|api[_-]?key|apikey|jwt|password|secret)$/i.test(key) ||
              jsonWebToken.test(value)
          ) ?? [];
        return name === undefined ? ok : finding(`The URL has the argument ${quote(name)}`);
      }
    }
  ),
  rule(
    ['S08', 'cookie-csrf-style', 'I S'],
    'Cookies, and no look at the Origin',
    standard.processingModel,
    'Look at Origin where cookies are what lets clients in.',
    {
      needs: ['without-credentials'],
      wants: ['origin-request', 'other-origin'],
      check({ sentOrigin, 'without-credentials': bare, 'origin-request': asked, 'other-origin': other }) {
        if (![401, 403].includes(bare!.head!.status))
          return notApplicable('it is not credentials that let clients in');
        const foreign = sentOrigin === madeUpOrigin ? asked : other;
        if (!foreign?.head) return notObserved('an answer to a request from another origin');
        const sent = headerOf(foreign.request, 'cookie');
        if (sent === undefined) return notApplicable('no cookie was given');
        return isStreamHead(foreign.head)
          ? finding(
              `Without the cookie the status is ${bare!.head!.status}; with it the stream opens for ${quote(madeUpOrigin)} too`,
              {
                at: foreign.head.at
              }
            )
          : ok;
      }
    }
  ),
  rule(
    ['S09', 'error-leak', 'W S'],
    'A stack trace is sent',
    'https://cwe.mitre.org/data/definitions/209.html',
    'Log it, and send a general message.',
    {
      needs: ['plain'],
      wants: ['bogus-id'],
      check({ plain, 'bogus-id': answers = [] }) {
        const others = answers.filter(({ head }) => !isStreamHead(head));
        // What is in a stream is less.
        for (const { head, beginning } of isStreamHead(plain!.head)
          ? [...others, plain!]
          : [plain!, ...others]) {
          const trace = stackTrace.exec(decodeUtf8(beginning.toString('latin1')));
          if (!trace) continue;
          return finding(
            `The body${head === plain!.head ? '' : ' of the answer to an unknown Last-Event-ID'} has ${quote(trace[0].trim())}`,
            {
              offset: trace.index,
              ...(head !== plain!.head && { probe: 'bogus-id' as const }),
              // The stream of a log may be meant to have it.
              ...(isStreamHead(head) && { severity: 'information' as const })
            }
          );
        }
        return plain!.beginning.length === 0 ? notApplicable('there is no body') : ok;
      }
    }
  ),
  rule(
    ['S10', 'server-banner', 'I S'],
    'The server tells what it runs on',
    rfc(9110, '10.2.4'),
    'Take the version out of Server, and X-Powered-By and the like away.',
    onHead(({ head }) => {
      const banners = [
        ...headersOf(head, 'server').filter((value) => /\d/.test(value)),
        ...headersOf(head, 'x-powered-by'),
        ...headersOf(head, 'x-aspnet-version'),
        ...headersOf(head, 'x-aspnetmvc-version')
      ];
      return banners.length > 0
        ? finding(`The head says ${banners.map((banner) => quote(banner)).join(', ')}`, { at: head.at })
        : ok;
    })
  )
];
