import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createTheInterface } from '../../polyfill/event-source.ts';
import { extend } from '../../polyfill/extras/extend.ts';
import { chooseTransport } from '../../polyfill/transports/choose.ts';
import { writes } from '../../fixtures-server/stream-script.ts';
import type { Case, Feature } from '../case.ts';
import { cut } from '../chunkings.ts';
import { loadCases } from '../load-cases.ts';
import type { Verdict } from '../report.ts';
import { replaceGlobals, runInVirtualTime, type Surroundings } from './run-in-virtual-time.ts';

interface Column extends Surroundings {
  name: string;
  features: Feature[];
  /** Default: every case that means something there. */
  only?(testCase: Case): boolean;
  create(): unknown;
  /** Verdicts that are no pass; expected-failures.json and the cases' alternatives have the reasons. */
  verdicts: Record<string, Verdict>;
}

/** Modules that were loaded where there was no EventTarget. */
let old: typeof import('../../polyfill/event-source.ts') &
  typeof import('../../polyfill/transports/choose.ts');
beforeAll(async () => {
  const restore = replaceGlobals({}, ['EventTarget']);
  vi.resetModules();
  old = {
    ...(await import('../../polyfill/event-source.ts')),
    ...(await import('../../polyfill/transports/choose.ts'))
  };
  restore();
});

const everywhere: Record<string, Verdict> = {
  'unknown-scheme-is-a-network-error': 'allowed',
  'scheme-that-only-ends-like-http-is-a-network-error': 'allowed',
  'websocket-url-is-a-network-error': 'allowed',
  'file-url-is-a-network-error': 'allowed',
  'mailto-url-is-a-network-error': 'allowed',
  'global-property-is-writable-configurable-and-not-enumerable': 'allowed'
};

/** The delay that grows is a random one, so one column gets the shortest and the others the longest. */
const longest = 1 - Number.EPSILON;

const columns: Column[] = [
  {
    name: 'the module, as in Node',
    scope: null,
    missing: ['XMLHttpRequest'],
    random: 0,
    features: [],
    create: () => createTheInterface(chooseTransport, extend),
    verdicts: { ...everywhere, 'unknown-members-of-the-init-are-not-read': 'fail' }
  },
  {
    name: 'the standard, as in a worker',
    scope: 'worker',
    missing: ['XMLHttpRequest'],
    random: longest,
    features: ['base-url', 'cross-origin'],
    create: () => createTheInterface(chooseTransport),
    verdicts: {
      ...everywhere,
      // Asked without CORS, the server answers: to ask again is futile.
      'other-origin-without-permission-is-a-network-error': 'allowed',
      'other-origin-that-allows-a-third-origin-is-a-network-error': 'allowed',
      'other-origin-that-allows-two-origins-is-a-network-error': 'allowed',
      'credentials-with-wildcard-are-a-network-error': 'allowed',
      'credentials-without-consent-are-a-network-error': 'allowed',
      'credentials-with-consent-in-capitals-are-a-network-error': 'allowed',
      'redirect-by-another-origin-without-permission-is-a-network-error': 'allowed'
    }
  },
  {
    name: 'the standard, as in a window of an old browser',
    scope: 'window',
    missing: ['fetch', 'DOMException'],
    random: longest,
    features: ['base-url', 'cross-origin'],
    create() {
      const restore = replaceGlobals({}, ['Symbol', 'EventTarget', 'WeakMap']);
      try {
        return old.createTheInterface(old.chooseTransport);
      } finally {
        restore();
      }
    },
    verdicts: {
      ...everywhere,
      'redirect-to-another-origin-that-answers-no-preflight-is-followed': 'fail',
      'syntax-error-is-a-dom-exception': 'allowed',
      'prototype-has-a-to-string-tag': 'fail',
      'source-prints-as-event-source': 'fail',
      'constructor-inherits-from-event-target': 'fail',
      'source-is-an-event-target': 'fail',
      'composed-path-is-the-source': 'fail'
    }
  },
  {
    name: 'where nothing can be fetched',
    scope: null,
    missing: ['fetch', 'XMLHttpRequest'],
    random: longest,
    features: [],
    only: ({ expect }) => expect.requests?.length === 0 && expect.readyState === 0,
    create: () => createTheInterface(chooseTransport),
    verdicts: { ...everywhere, 'data-url-without-comma-is-a-network-error': 'allowed' }
  }
];

// A raw head needs a reader of HTTP, a coding its decoder.
const cases = loadCases(fileURLToPath(new URL('../cases', import.meta.url))).filter(
  ({ connections }) =>
    !connections.some(({ head = [], headers = {} }) => head.length > 0 || 'Content-Encoding' in headers)
);

/** Bytes above which a case is run in the first column alone: what it tries is the parser, which is the same in all. */
const many = 500_000;
const isLarge = ({ connections }: Case): boolean =>
  connections
    .flatMap(({ stream = [] }) => writes(stream))
    .reduce((sum, item) => sum + (Buffer.isBuffer(item) ? item.length : 0), 0) > many;

describe.each(columns)('$name', (column) => {
  const possible = cases.filter(
    (each) =>
      (each.requires ?? []).every((feature) => column.features.includes(feature)) &&
      (column.only?.(each) ?? true) &&
      (column === columns[0] || !isLarge(each))
  );
  test.each(possible.map((each) => [each.id, each] as const))(
    '%s',
    async (id, testCase) => {
      for (const { chunking, play } of cut(testCase.section, testCase)) {
        const planned = { play: play.id, chunking, case: testCase };
        const { verdict, differences } = await runInVirtualTime(column.create, column, planned, play);
        expect(verdict, `${chunking} ${JSON.stringify(differences)}`).toBe(column.verdicts[id] ?? 'pass');
      }
      // One that is given up goes on among the globals of the next.
    },
    60_000
  );
});
