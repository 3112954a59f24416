import type { Exchange } from './observe.ts';
import type { Trace } from './trace.ts';
import type {
  Branch,
  LastEvent,
  TracedBlock,
  TracedLine,
  TraceObserver,
  UnfinishedBlock
} from './trace-observer.ts';

/** The worst first. */
export const severities = ['error', 'warning', 'information'] as const;
export type Severity = (typeof severities)[number];

/**
 * What a finding is, kept honest, in the order of reports: `violation` of a normative text by the server; `clients drop`: no rule of the
 * server is broken, but the standard has clients drop or stop; `security`; `advice`: clients or infrastructure in use break; `note`: legal,
 * and good to know; `dialect` of an API family.
 */
export const kinds = ['violation', 'clients drop', 'security', 'advice', 'note', 'dialect'] as const;
export type Kind = (typeof kinds)[number];

export const profiles = ['plain', 'openai', 'anthropic', 'mcp', 'graphql-sse'] as const;
export type Profile = (typeof profiles)[number];

/** Where and how a rule was broken. */
export interface Evidence {
  /** One or two sentences; text of the server only as quoted by `quote`. */
  message: string;
  /** Unlike the rule's own. */
  severity?: Severity;
  /** ms since the validation began. */
  at?: number;
  /** What was answered with the body, if not the plain request. */
  probe?: Probe;
  /** In the body, Content-Encoding undone. */
  offset?: number;
  line?: number;
  /** The bytes around, latin1. */
  excerpt?: string;
}

/** Evidence of a stream that may be full of it: the message is made for the first only. Seen once, unless `times` says how often. */
export type Sighting = Omit<Evidence, 'message'> & { message: string | (() => string); times?: number };

/** What a rule says of what was observed. */
export type Verdict =
  | { verdict: 'ok' }
  | { verdict: 'finding'; evidence: Evidence[] }
  | { verdict: 'not observed'; needed: string }
  | { verdict: 'not applicable'; because: string };

/** What a rule can need. Each but `url` and `head` (which is the head of `plain`) is an exchange of its own. */
export type Need = 'url' | 'head' | Probe;
export type Probe =
  | 'plain'
  | 'again'
  | 'first-id'
  | 'query-id'
  | 'other-origin'
  | 'without-credentials'
  | 'head-request'
  | 'after-head'
  | 'preflight'
  | 'origin-request'
  | 'compressed'
  | 'bogus-id'
  | 'parallel'
  | 'inject';

/** The answers to a harmless value of the argument of `--inject`, and to one with a line feed and one with a carriage return in it. */
export type Injection = Record<'harmless' | 'lineFeed' | 'carriageReturn', Injected>;

export interface Injected {
  exchange: Exchange;
  /** The value, or its beginning, was in such lines, the first of each branch; what stood behind the line end began a line of its own after it. */
  reflected: { line: TracedLine; injected?: TracedLine }[];
}

/** What was observed so far. An exchange that is missing has its reason in `missing`. */
export interface Observations {
  url: URL;
  profile: Profile;
  /** Origin of `--origin`: cross-origin use is meant. */
  origin?: string;
  /** The origin that the `origin-request` probe sends. */
  sentOrigin: string;
  /** Of the plain request. */
  method: string;
  plain?: Exchange;
  again?: Exchange;
  'first-id'?: Exchange;
  'query-id'?: Exchange;
  'other-origin'?: Exchange;
  'without-credentials'?: Exchange;
  'head-request'?: Exchange;
  'after-head'?: Exchange;
  preflight?: Exchange;
  'origin-request'?: Exchange;
  compressed?: Exchange;
  /** The answers to `bogusIds`, up to the first that is no stream. */
  'bogus-id'?: Exchange[];
  parallel?: Exchange[];
  inject?: Injection;
  missing: Partial<Record<Probe, string>>;
  /** The rules that are left out. */
  ignored?: string[];
}

/** What a rule on the lines of a stream is told. */
export interface Watcher extends TraceObserver {
  /** The stream is over, or is watched no longer. The verdict counts if nothing was found. */
  end?(stream: StreamEnd): Verdict | undefined;
}

/** How the stream that was watched ended. */
export interface StreamEnd {
  trace: Trace;
  /** The server ended the body in the way HTTP has for it, or the file ended. */
  ended: boolean;
  /** Captured bytes: times and reads mean nothing. */
  captured: boolean;
  at: number;
}

export interface WatchContext {
  profile: Profile;
  expectTypes?: string[];
  captured: boolean;
}

export type Judge =
  | {
      needs: Need[];
      /** Waited for, and looked at if they are there. */
      wants?: Need[];
      check(observations: Observations): Verdict;
    }
  | { needs: 'stream'; watch(found: (sighting: Sighting) => void, context: WatchContext): Watcher }
  | { undecided: string };

export interface Rule {
  /** `F01`: group and number. */
  id: string;
  name: string;
  severity: Severity;
  kinds: Kind[];
  title: string;
  /** The clause, or where the advice comes from. */
  source: string;
  /** One sentence. */
  advice: string;
  /** Only under these profiles. */
  profiles?: Profile[];
  judge: Judge;
}

export interface Finding extends Evidence {
  rule: string;
  name: string;
  severity: Severity;
  kinds: Kind[];
  title: string;
  source: string;
  advice: string;
  /** How often it was met; the evidence is of the first time. */
  times: number;
}

const severityOfLetter = { E: 'error', W: 'warning', I: 'information' } as const;
const kindOfLetter = {
  V: 'violation',
  C: 'clients drop',
  S: 'security',
  A: 'advice',
  N: 'note',
  D: 'dialect'
} as const;

/** A rule in one line: `key` is like `E VS`. */
export function rule(
  [id, name, key]: [id: string, name: string, key: string],
  title: string,
  source: string,
  advice: string,
  judge: Judge,
  onlyUnder?: Profile[]
): Rule {
  const [severity, letters = ''] = key.split(' ');
  return {
    id,
    name,
    severity: severityOfLetter[severity as 'E'],
    kinds: [...letters].map((letter) => kindOfLetter[letter as 'V']),
    title,
    source,
    advice,
    ...(onlyUnder && { profiles: onlyUnder }),
    judge
  };
}

export const ok: Verdict = { verdict: 'ok' };

export function finding(message: string, evidence: Omit<Evidence, 'message'> = {}): Verdict {
  return { verdict: 'finding', evidence: [{ message, ...evidence }] };
}

export function notObserved(needed: string): Verdict {
  return { verdict: 'not observed', needed };
}

/** Whether a rule gives way to another, which is not left out. */
export function yieldsTo({ ignored = [] }: Observations, rule: string): boolean {
  return !ignored.includes(rule);
}

export function notApplicable(because: string): Verdict {
  return { verdict: 'not applicable', because };
}

/** A rule on the head of the plain GET. `head` is there. */
export function onHead(
  check: (exchange: Exchange & { head: NonNullable<Exchange['head']> }, observations: Observations) => Verdict
): Judge {
  return {
    needs: ['head'],
    check: (observations) =>
      check(observations.plain as Exchange & { head: NonNullable<Exchange['head']> }, observations)
  };
}

/** A rule on the lines of the stream. */
export function onStream(watch: Extract<Judge, { needs: 'stream' }>['watch']): Judge {
  return { needs: 'stream', watch };
}

/** A rule on single lines of these kinds, and that look so; `odd`: as TraceObserver has it. */
export function onLine(
  branches: Branch[],
  look: (line: TracedLine, found: (sighting: Sighting) => void, block: UnfinishedBlock) => void,
  looksLike?: (text: string) => boolean,
  odd?: true
): Judge {
  return onStream((found) => ({
    branches,
    ...(looksLike && { looksLike }),
    ...(odd && { odd }),
    line: (line, block) => look(line, found, block)
  }));
}

/** Where a line is, as evidence. */
export function at(line: TracedLine): Omit<Evidence, 'message'> {
  return { at: line.at, offset: line.offset, line: line.number, excerpt: line.text.slice(0, 48) };
}

/** Where a block is, as evidence. */
export function atBlock(
  block: TracedBlock,
  excerpt = block.event?.data.slice(0, 48)
): Omit<Evidence, 'message'> {
  return {
    at: block.lastRead.at,
    offset: block.offset,
    line: block.line,
    ...(excerpt !== undefined && { excerpt })
  };
}

/** Where an event is whose block is not kept, as evidence. */
export function atEvent({ at, offset, line, data }: LastEvent): Omit<Evidence, 'message'> {
  return { at, offset, line, excerpt: data.slice(0, 48) };
}

/** How often something comes that comes again after `time` ms. */
export function howOften(time: number): string {
  return time === 0 ? 'without a pause' : `every ${time / 1000} s`;
}

/** `1 event`, `2 events`. */
export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Text of the server within a sentence: quoted, printable ASCII only, cut. */
export function quote(text: string, length = 60): string {
  const cut = text.length > length ? `${text.slice(0, length - 1)}…` : text;
  const escapes: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
  const escape = (character: string) => {
    const code = character.codePointAt(0)!.toString(16);
    return escapes[character] ?? (code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, '0')}`);
  };
  return `"${cut.replace(/[^\x20-\x7e…]|["\\]/gu, escape)}"`;
}
