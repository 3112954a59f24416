import { headersOf } from '../observe.ts';
import { finding, notApplicable, ok, onHead, quote, rule, type Rule } from '../rule.ts';
import { decodeUtf8 } from '../trace.ts';
import { rfc, standard } from './sources.ts';

const injection = 'https://cwe.mitre.org/data/definitions/93.html';
const inject = { undecided: 'no probe sends hostile values yet' };

const stackTrace =
  /Traceback \(most recent call last\)|\n?\s+at [\w$.<>]+ ?\([^)\n]*:\d+(:\d+)?\)|\n?\s+at [\w$.<>]+\([^)\n]*\.java:\d+\)| in [^\n]+\.cs:line \d+|PHP (?:Fatal error|Warning): |<b>(?:Fatal error|Warning)<\/b>:/;

export const security: Rule[] = [
  rule(
    ['S01', 'inject-data-lf', 'E S'],
    'A line feed in data makes a new field',
    injection,
    'Split data at line feeds.',
    inject
  ),
  rule(
    ['S02', 'inject-data-cr', 'E S'],
    'A carriage return in data makes a new field',
    injection,
    'Split data at carriage returns too.',
    inject
  ),
  rule(['S03', 'inject-event', 'E S'], 'A line feed in an event type', injection, 'Refuse it.', inject),
  rule(['S04', 'inject-id', 'E S'], 'A line feed in an id', injection, 'Refuse it.', inject),
  rule(
    ['S05', 'inject-comment', 'W S'],
    'A line feed in a comment',
    injection,
    'Begin each line with a colon.',
    inject
  ),
  rule(
    ['S06', 'inject-kills-stream', 'W S'],
    'A hostile value ends the stream',
    injection,
    'Check values before the stream begins.',
    inject
  ),
  rule(
    ['S07', 'token-in-url', 'W S'],
    'A secret in the URL',
    rfc(6750, '5.3'),
    'Use a cookie, or a ticket that is good for one connection: URLs stand in logs and histories.',
    {
      needs: ['url'],
      check({ url }) {
        const name = [...url.searchParams.keys()].find((key) =>
          /^(access[_-]?token|auth[_-]?token|token|api[_-]?key|apikey|jwt|password|secret)$/i.test(key)
        );
        return name === undefined ? ok : finding(`The URL has the argument ${quote(name)}`);
      }
    }
  ),
  rule(
    ['S08', 'cookie-csrf-style', 'I S'],
    'Cookies, and no look at the Origin',
    standard.processingModel,
    'Check Origin.',
    {
      undecided:
        'whether cookies are what authenticates is known to the owner; X03 judges answers that allow every origin'
    }
  ),
  rule(
    ['S09', 'error-leak', 'W S'],
    'A stack trace is sent',
    'https://cwe.mitre.org/data/definitions/209.html',
    'Log it, and send a general message.',
    {
      needs: ['plain'],
      check({ plain }) {
        if (plain!.beginning.length === 0) return notApplicable('there is no body');
        const trace = stackTrace.exec(decodeUtf8(plain!.beginning.toString('latin1')));
        return trace ? finding(`The body has ${quote(trace[0].trim())}`, { offset: trace.index }) : ok;
      }
    }
  ),
  rule(
    ['S10', 'server-banner', 'I S'],
    'The server tells its version',
    rfc(9110, '10.2.4'),
    'Leave versions out.',
    onHead(({ head }) => {
      const banners = [
        ...headersOf(head, 'server').filter((value) => /\d/.test(value)),
        ...headersOf(head, 'x-powered-by'),
        ...headersOf(head, 'x-aspnet-version')
      ];
      return banners.length > 0
        ? finding(`The head says ${banners.map((banner) => quote(banner)).join(', ')}`, { at: head.at })
        : ok;
    })
  )
];
