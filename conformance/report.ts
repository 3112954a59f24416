import type { Case, Section } from './case.ts';
import type { Observation } from './observation.ts';
import type { RequestRecord } from '../fixtures-server/request-log.ts';

/** From good to bad. */
export const verdicts = ['pass', 'allowed', 'differs', 'unsupported', 'not observed', 'fail'] as const;

export type Verdict = (typeof verdicts)[number];

/** Another answer that the standard allows is a pass as well. */
export function isPassed(verdict: Verdict): boolean {
  return verdict === 'pass' || verdict === 'allowed';
}

/** Nor does it fail anyone where the standard is silent. */
export function isHarmless(verdict: Verdict): boolean {
  return isPassed(verdict) || verdict === 'differs';
}

/** Kinds of global object with an EventSource in it. */
export type GlobalKind = 'window' | 'dedicated worker' | 'shared worker';

export interface Difference {
  /** Where: `events[2].data`, `requests[1].headers.last-event-id`, `readyState` … */
  what: string;
  expected: string;
  observed: string;
}

export interface Judgement {
  verdict: Verdict;
  differences: Difference[];
  /** Reason of an alternative that matched, of unsupported, or of not observed. */
  why?: string;
}

/** One case in one way of cutting its bytes. */
export interface Run extends Judgement {
  chunking: string;
  observation?: Observation;
  /** As the server saw them, with the bytes it wrote and when. */
  requests?: RequestRecord[];
  /** Why it was run again each time, before this: what came then does not count, unless it is in `flaky`. */
  reruns?: string[];
  /** Set when close() was called on its source and the server saw the connection open long after. */
  leak?: string;
  /** Set when it was run several times and had not the same verdict each time; the verdict, and all else, is then the worst one's. */
  flaky?: {
    /** Each verdict seen, in order. */
    seen: Verdict[];
    /** Why that says nothing of the implementation. */
    explanation?: string;
  };
}

/** One case in one column. Its verdict is that of its worst run. */
export interface Cell {
  case: string;
  engine: string;
  implementation: string;
  /** As in the column. */
  global?: GlobalKind;
  verdict: Verdict;
  /** Set when this failure is on the list of expected ones. */
  expectedFailure?: { reason: string; clause: string };
  /** True where the verdict is not what was expected: a failure that is not listed, a listed one that passes, or a run that is flaky without explanation. A failure that is flaky for a reason that is known is none. Always false for implementations that are not held to a list. */
  unexpected: boolean;
  /** Worst first. All have chunking, verdict and differences; the first has observation and requests too. */
  runs: Run[];
}

/** What became of a column. */
export const columnStatuses = ['ran', 'not installed', 'broken'] as const;

export interface Column {
  engine: string;
  implementation: string;
  /** Where in the engine; absent in engines that have one global object, of no kind that a page knows. */
  global?: GlobalKind;
  /** Of the engine, as it names itself; absent if not installed. */
  version?: string;
  /** Of the package that the implementation is, if it is one. */
  implementationVersion?: string;
  status: (typeof columnStatuses)[number];
  /** How to get it, what broke, or what there is to say of one that ran. */
  note?: string;
  /** Wall time of the column in ms. */
  duration?: number;
}

export interface Report {
  /** Version of the report's schema. */
  schema: 1;
  truesource: string;
  /** Commit of whatwg/html that the cases were read against. */
  standard: string;
  /** ISO 8601. */
  startedAt: string;
  /** ms */
  duration: number;
  /** How often all was run, if more than once: the verdicts are then the worst ones seen. */
  repeats?: number;
  host: string;
  /** Whose verdicts are held to the list of expected failures; absent: truesource's. */
  expectationsOf?: 'all';
  columns: Column[];
  cases: (Case & { section: Section })[];
  cells: Cell[];
  /** Lines of the expected-failures list that no run confirmed. */
  stale: { case: string; engine: string; implementation: string; global?: GlobalKind; reason: string }[];
}

/** How far a run is. */
export interface Progress {
  columns: {
    engine: string;
    implementation: string;
    global?: GlobalKind;
    /** Runs. */
    done: number;
    total: number;
    state: 'waiting' | 'starting' | 'running' | 'done' | 'broken';
  }[];
  /** ms */
  elapsed: number;
  /** Case ids, with chunking, that have been under way longest. */
  waitingFor: string[];
  /** Which of how many repeats it is, from 1. */
  repeat?: [now: number, all: number];
}
