import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import type { Route } from '../fixtures-server/server.ts';
import { chromium } from './engines/chromium.ts';
import { phantomjs } from './engines/phantomjs.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { loadCases } from './load-cases.ts';
import { createToldRoute, openPage, whyMissing } from './open-page.ts';
import type { Report } from './report.ts';
import { compareReports } from './reports/comparison.ts';
import { renderHtml } from './reports/html.ts';
import schema from './reports/report.schema.json' with { type: 'json' };
import { openSuiteServer } from './serve.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
const cases = loadCases(fileURLToPath(new URL('cases', import.meta.url)));
const expectedFailures = JSON.parse(
  readFileSync(new URL('expected-failures.json', import.meta.url), 'utf8')
) as ExpectedFailure[];

/** What a person did, and axe made of it. */
interface Told {
  problem?: string;
  statuses: string[];
  columns: number;
  result: string;
  /** The report. */
  saved: string;
  violations: { when: string; id: string; nodes: string[] }[];
  /** Whether another run could be begun, and the frames were gone, when the server had forgotten one that was under way. */
  canBeginAnew: boolean;
  /** Whether one could be begun in a page that looked on at it. */
  canBeginBeside: boolean;
  /** Whether Escape closed the result, and its button had the focus. */
  closesByEscape: boolean;
  /** Whether the button that takes the place of the one that was pressed had the focus. */
  keepsFocus: boolean;
  /** Whether failures were counted while others ran. */
  countsMeanwhile: boolean;
  /** Whether it was said that the page slept, and nothing of a sleep before the run. */
  saysThatItSlept: boolean;
  saysOfSleepBefore: boolean;
  /** Whether it was said that the server does not answer. */
  saysWhenStopped: boolean;
}

/** Runs in the browser: shows the page in a frame, presses its button, opens its first result, and tells what it saw. */
function press(withAxe: boolean): void {
  const told: Told = {
    statuses: [],
    columns: 0,
    result: '',
    saved: '',
    violations: [],
    canBeginAnew: false,
    canBeginBeside: false,
    closesByEscape: false,
    keepsFocus: false,
    countsMeanwhile: false,
    saysThatItSlept: false,
    saysOfSleepBefore: true,
    saysWhenStopped: false
  };
  const frame = document.getElementsByTagName('iframe')[0]!;
  const inside = frame.contentWindow as unknown as Window & {
    axe: { run(options: object): Promise<unknown> };
  };
  const page = inside.document;
  const byId = (id: string): HTMLElement => page.getElementById(id)!;
  function tell(): void {
    const request = new XMLHttpRequest();
    request.open('POST', '/told');
    request.send(JSON.stringify(told));
  }
  window.onerror = inside.onerror = function (message) {
    told.problem = String(message);
    tell();
  };
  function check(when: string, then: () => void): void {
    if (!withAxe) return then();
    const themes = [false, true];
    (function next(): void {
      const isDark = themes.shift();
      if (isDark === undefined) return then();
      frame.width = isDark ? '1000' : '320';
      const rules = page.styleSheets[0]!.cssRules;
      for (let i = 0; i < rules.length; i++) {
        const media = (rules[i] as CSSMediaRule).media as MediaList | undefined;
        if (media && /dark|not all|^all$/.test(media.mediaText)) media.mediaText = isDark ? 'all' : 'not all';
      }
      inside.axe.run({ resultTypes: ['violations'] }).then(
        function (results) {
          const { violations } = results as {
            violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
          };
          violations.forEach(function (one) {
            const nodes = one.nodes.map((node) => node.html + ' ' + node.failureSummary);
            told.violations.push({ when: when + (isDark ? ', dark' : ''), id: one.id, nodes: nodes });
          });
          next();
        },
        window.onerror as () => void
      );
    })();
  }
  function until(holds: () => boolean, then: () => void): void {
    if (holds()) then();
    else setTimeout(() => until(holds, then), 50);
  }
  function begin(): void {
    until(
      () => !(byId('run') as HTMLButtonElement).disabled,
      () => check('idle', run)
    );
  }
  function run(): void {
    byId('run').focus();
    byId('run').click();
    until(
      () => byId('stop').style.display === '',
      function () {
        told.keepsFocus = page.activeElement === byId('stop');
        check('running', finish);
      }
    );
  }
  function finish(): void {
    until(
      function () {
        const status = byId('status').textContent!;
        if (told.statuses[told.statuses.length - 1] !== status) told.statuses.push(status);
        const isDone = /^Done/.test(status);
        if (!isDone && !/\(0\)/.test(byId('differing-label').textContent!)) told.countsMeanwhile = true;
        return isDone;
      },
      function () {
        told.columns = byId('summary').querySelectorAll('thead th').length - 1;
        byId('all').click();
        (byId('cases').querySelector('button') as HTMLElement).click();
        until(() => /Bytes on the wire/.test(byId('result').textContent!), open);
      }
    );
  }
  function open(): void {
    told.result = byId('result').textContent!;
    check('with a result', close);
  }
  function close(): void {
    const event = page.createEvent('Event');
    event.initEvent('keydown', true, true);
    (event as unknown as { keyCode: number }).keyCode = 27;
    byId('result').firstChild!.firstChild!.dispatchEvent(event);
    told.closesByEscape =
      !page.getElementById('result') && page.activeElement === byId('cases').querySelector('button');
    save();
  }
  function save(): void {
    const request = new XMLHttpRequest();
    request.open('GET', byId('save').getAttribute('href')!);
    request.onload = function () {
      told.saved = request.responseText;
      runAgain();
    };
    request.send();
  }
  // A process that was stopped, or a machine that slept, sees its clock alone.
  const scripts = inside as unknown as typeof globalThis;
  const Clock = scripts.Date;
  function sleepFor(milliseconds: number): void {
    const from = Clock.now();
    const slept = new scripts.Date().getTime() - from + milliseconds;
    scripts.Date = function () {
      return new Clock(Clock.now() + slept);
    } as unknown as DateConstructor;
  }
  function runAgain(): void {
    sleepFor(20_000);
    setTimeout(function () {
      sleepFor(4500);
      byId('run').click();
      until(
        () => byId('stop').style.display === '',
        function () {
          told.saysOfSleepBefore = /asleep/.test(byId('status').textContent!);
          sleep();
        }
      );
    }, 1500);
  }
  function sleep(): void {
    sleepFor(20_000);
    until(
      () =>
        /^This page was asleep, or busy, for (19|20|21) s and the run waited\. Nothing is lost/.test(
          byId('status').textContent!
        ),
      function () {
        told.saysThatItSlept = true;
        lookOn();
      }
    );
  }
  function lookOn(): void {
    const other = document.createElement('iframe');
    other.title = 'another page';
    other.src = '/' + inside.location.search + inside.location.hash;
    document.body.appendChild(other);
    const find = (id: string) => other.contentWindow!.document.getElementById(id);
    until(
      () => /another tab|^Done/.test(find('status')?.textContent ?? ''),
      function () {
        const isBeside = /another tab/.test(find('status')!.textContent!);
        told.canBeginBeside = isBeside && find('run')!.style.display === '';
        document.body.removeChild(other);
        lose();
      }
    );
  }
  function lose(): void {
    // Newer runs than the server keeps.
    for (let i = 0; i < 20; i++) {
      const request = new XMLHttpRequest();
      request.open('POST', '/visits');
      request.setRequestHeader('Content-Type', 'application/json');
      request.send(JSON.stringify({ implementations: ['native'], cases: [] }));
    }
    until(
      () => /nothing is left/.test(byId('status').textContent!),
      function () {
        told.canBeginAnew = byId('run').style.display === '' && !byId('frames').firstChild;
        check('without its run', stopServer);
      }
    );
  }
  function stopServer(): void {
    const scripts = inside as unknown as typeof globalThis;
    scripts.XMLHttpRequest.prototype.send = function () {};
    const late = scripts.setTimeout;
    scripts.setTimeout = function (call: () => void) {
      return late(call, 100);
    } as unknown as typeof setTimeout;
    byId('run').click();
    until(
      () => /^The server has not answered/.test(byId('status').textContent!),
      function () {
        told.saysWhenStopped = true;
        tell();
      }
    );
  }
  if (!withAxe) return begin();
  const script = page.createElement('script');
  script.src = '/axe.js';
  script.onload = begin;
  page.body.appendChild(script);
}

/** Passed and failed ones, on whole streams and cut ones. */
const globs = [
  'capturing-listeners-come-first',
  'close-returns-undefined',
  'retry-with-a-unit-is-ignored',
  'utf-16-little-endian-*'
];

async function visit(engine: typeof chromium, withAxe: boolean): Promise<{ told: Told; report: Report }> {
  const { route, heard } = createToldRoute<Told>();
  const script = transformSync(`(${press.toString()})(${withAxe});`, { jsc: { target: 'es5' } }).code;
  const query = globs.map((glob) => `case=${encodeURIComponent(glob)}`).join('&');
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/test',
      handle(_request, response) {
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
          .end(`<!doctype html><html lang="en"><title>test</title>
<iframe src="/?${query}" title="the page" width="1000" height="700"></iframe>
<script>onload = function () { ${script} }</script>`);
      }
    },
    {
      method: 'GET',
      path: '/axe.js',
      handle(_request, response) {
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(axe));
      }
    },
    route
  ];
  const server = await openSuiteServer({
    host: '127.0.0.1',
    port: 0,
    routes,
    chooseCases: (wanted) => cases.filter(({ id }) => !wanted || picomatch(wanted)(id)),
    expectedFailures,
    dist,
    version: '0.0.0',
    standard: ''
  });
  const browser = openPage(engine, `${server.origins[0]}/test`);
  try {
    const ended = browser.ended.then((why) => Promise.reject(new Error(why)));
    const told = await Promise.race([heard, ended]);
    return { told, report: JSON.parse(told.saved) as Report };
  } finally {
    await browser.stop();
    await server.close();
  }
}

describe.each([
  { engine: chromium, implementations: ['native', 'truesource-fetch', 'truesource-xhr'], withAxe: true },
  { engine: phantomjs, implementations: ['native', 'truesource-xhr'], withAxe: false }
])('the page in $engine.name', async ({ engine, implementations, withAxe }) => {
  const why = await whyMissing(engine);
  it.skipIf(why)(
    why ? `(not installed: ${why})` : 'runs the cases, shows and saves the results',
    async () => {
      const { told, report } = await visit(engine, withAxe);
      expect(told.problem).toBe(undefined);
      expect(told.violations).toEqual([]);
      expect(told.canBeginAnew).toBe(true);
      expect(told.canBeginBeside).toBe(true);
      expect(told.closesByEscape).toBe(true);
      expect(told.keepsFocus).toBe(true);
      expect(told.countsMeanwhile).toBe(true);
      expect(told.saysThatItSlept).toBe(true);
      expect(told.saysOfSleepBefore).toBe(false);
      expect(told.saysWhenStopped).toBe(true);
      expect(told.columns).toBe(implementations.length);
      expect(told.statuses.join('\n')).toMatch(
        /Finished: .*, \d+ of \d+ cases as the standard says\. Running/
      );
      expect(told.statuses.at(-1)).toMatch(new RegExp(`Done in \\d+ s\\. ${engine.name} .* cases\\.$`));
      expect(told.result).toContain('HTTP/1.1 200 OK');
      validate(report);
      expect(validate.errors).toBe(null);
      expect(
        report.columns.map(({ engine, implementation, status }) => [engine, implementation, status])
      ).toEqual(implementations.map((implementation) => [engine.name, implementation, 'ran']));
      const ours = report.cells.filter(({ implementation }) => implementation !== 'native');
      expect(ours.length).toBeGreaterThanOrEqual(4);
      expect(ours.filter(({ unexpected }) => unexpected).map((cell) => cell.case)).toEqual([]);
      expect(compareReports(report, report)).toBeDefined();
      expect(renderHtml(report)).toMatch(/id="report">\S+</);
    },
    60_000
  );
});
