import { byteLengthOf } from '../../fixtures-server/stream-script.ts';
import type { PlannedRun } from '../attempt.ts';
import type { Case, Feature } from '../case.ts';
import { cut } from '../chunkings.ts';
import type { SectionedCase } from '../load-cases.ts';
import type { Verdict } from '../report.ts';
import { replaceGlobals, runInVirtualTime, type Surroundings } from './run-in-virtual-time.ts';

/** What a column makes its EventSource of. */
export type Modules = typeof import('../../polyfill/event-source.ts') &
  typeof import('../../polyfill/extras/extend.ts') &
  typeof import('../../polyfill/transports/choose.ts');

export interface Column extends Surroundings {
  name: string;
  features: Feature[];
  /** Default: every case that means something there. */
  only?(testCase: Case): boolean;
  create(modules: Modules): unknown;
  /** The modules are loaded where there is no EventTarget. */
  isOld?: boolean;
  /** Verdicts that are no pass; expected-failures.json and the cases' alternatives have the reasons. */
  verdicts: Record<string, Verdict>;
}

const everywhere: Record<string, Verdict> = {
  // Nothing keeps blobs here.
  'blob-url-is-read': 'fail',
  'origin-of-a-blob-url-is-that-of-its-maker': 'fail',
  'microtask-runs-between-the-listeners-of-one-event': 'fail',
  'unknown-scheme-is-a-network-error': 'allowed',
  'scheme-that-only-ends-like-http-is-a-network-error': 'allowed',
  'websocket-url-is-a-network-error': 'allowed',
  'file-url-is-a-network-error': 'allowed',
  'mailto-url-is-a-network-error': 'allowed',
  'global-property-is-writable-configurable-and-not-enumerable': 'unsupported'
};

/** The delay that grows is a random one, so one column gets the shortest and the others the longest. */
const longest = 1 - Number.EPSILON;

export const columns: Column[] = [
  {
    name: 'the module, as in Node',
    scope: null,
    missing: ['XMLHttpRequest'],
    random: 0,
    features: [],
    create: ({ createTheInterface, chooseTransport, extend }) => createTheInterface(chooseTransport, extend),
    verdicts: { ...everywhere, 'unknown-members-of-the-init-are-not-read': 'differs' }
  },
  {
    name: 'the standard, as in a worker',
    scope: 'worker',
    missing: ['XMLHttpRequest'],
    random: longest,
    features: ['base-url', 'cross-origin'],
    create: ({ createTheInterface, chooseTransport }) => createTheInterface(chooseTransport),
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
    isOld: true,
    create({ createTheInterface, chooseTransport }) {
      const restore = replaceGlobals({}, ['Symbol', 'EventTarget', 'WeakMap']);
      try {
        return createTheInterface(chooseTransport);
      } finally {
        restore();
      }
    },
    verdicts: {
      ...everywhere,
      'more-than-a-megabyte-with-ids-is-one-connection': 'fail',
      'redirect-to-another-origin-that-answers-no-preflight-is-followed': 'fail',
      'syntax-error-is-a-dom-exception': 'unsupported',
      'prototype-has-a-to-string-tag': 'fail',
      'source-prints-as-event-source': 'fail',
      'constructor-inherits-from-event-target': 'fail',
      'source-is-an-event-target': 'fail',
      'composed-path-is-the-source': 'fail',
      'listeners-of-the-event-target-prototype-are-heard': 'fail',
      'passive-listener-cancels-nothing': 'fail'
    }
  },
  {
    name: 'where the network comes and goes',
    scope: null,
    missing: ['XMLHttpRequest'],
    random: longest,
    isOffline: true,
    features: [],
    only: ({ connections }) => connections.length > 1,
    create: ({ createTheInterface, chooseTransport }) => createTheInterface(chooseTransport),
    // Of several sources one finds a network.
    verdicts: {
      ...everywhere,
      'new-source-in-the-error-of-the-old-one-works': 'fail',
      'reconnection-time-is-of-one-source-only': 'fail',
      'two-sources-that-wait-at-once-both-come-back': 'fail',
      'carriage-return-at-a-chunk-end-is-of-one-source-only': 'fail'
    }
  },
  {
    name: 'where nothing can be fetched',
    scope: null,
    missing: ['fetch', 'XMLHttpRequest'],
    random: longest,
    features: [],
    only: ({ expect }) => expect.requests?.length === 0 && expect.readyState === 0,
    create: ({ createTheInterface, chooseTransport }) => createTheInterface(chooseTransport),
    verdicts: { ...everywhere, 'data-url-without-comma-is-a-network-error': 'allowed' }
  }
];

/** Globals that are missing where modules of old engines are loaded. */
export const missingInOldEngines = ['EventTarget'];

/** Bytes above which a case is run in the first column alone: what it tries is the parser, which is the same in all. */
const many = 1_500_000;
const isLarge = ({ connections }: Case): boolean =>
  connections.reduce((sum, { stream = [] }) => sum + byteLengthOf(stream), 0) > many;

/** The cases that mean something in a column, in virtual time. */
export function casesOf<Each extends Case>(column: Column, cases: Each[]): Each[] {
  return cases.filter(
    (each) =>
      // A raw head needs a reader of HTTP, a coding its decoder.
      !each.connections.some(
        ({ head = [], headers = {} }) => head.length > 0 || 'Content-Encoding' in headers
      ) &&
      // Time moves only when nothing is left to do.
      !String(each.client?.script).includes('setImmediate') &&
      (each.requires ?? []).every((feature) => column.features.includes(feature)) &&
      (column.only?.(each) ?? true) &&
      (column === columns[0] || !isLarge(each))
  );
}

/** Runs a case in all its chunkings. Answers what is not as it should be, of the first that is not. */
export async function tryCase(
  column: Column,
  modules: Modules,
  testCase: SectionedCase
): Promise<string | undefined> {
  const expected = column.verdicts[testCase.id] ?? 'pass';
  for (const { chunking, play } of cut(testCase.section, testCase)) {
    const planned: PlannedRun = { play: play.id, chunking, case: testCase };
    const { verdict, differences } = await runInVirtualTime(
      () => column.create(modules),
      column,
      planned,
      play
    );
    if (verdict !== expected)
      return `${chunking}: ${verdict} in place of ${expected} ${JSON.stringify(differences)}`;
  }
  return undefined;
}
