import type { ConnectionScript, Play } from '../fixtures-server/stream-script.ts';

export const sections = [
  'parsing',
  'fields',
  'dispatching',
  'connecting',
  'reconnecting',
  'interface'
] as const;
export type Section = (typeof sections)[number];

/** What the environment of an implementation must have for a case to mean anything. An engine without it shows the case as unsupported. */
export const features = {
  'base-url': 'relative URLs are resolved against a document or a location',
  'cross-origin': 'requests have an origin, and CORS is enforced',
  cookies: 'there is a cookie store',
  document: 'there is a document',
  'own-process': 'an exception that nobody catches is in a process of its own',
  'trusted-events': "the EventSource is the engine's own, for only an engine makes trusted events"
} as const;
export type Feature = keyof typeof features;

/** What an engine's own implementation has of them, wherever it is. */
export const inNatives: Feature[] = ['trusted-events'];

/** What a page of a browser has of them, whatever the implementation. */
export const inPages: Feature[] = ['base-url', 'cross-origin', 'cookies', 'document'];

/** What the client does. Without `script`: construct, listen, close when told to. */
export interface ClientScript {
  /** First constructor argument; placeholders as in header values. Default `{url}`. */
  url?: string;
  /** Second constructor argument; not passed when absent. */
  init?: unknown;
  /** Event types to observe besides open, message and error. */
  listen?: string[];
  /** When to call close(): right after construction, in the n-th event of a type, or so many milliseconds after construction. */
  close?: 'at once' | { on: string; nth: number } | { after: number };
  /**
   * In place of all the above: the body of an ES5 function (lines) with the parameters
   * EventSource, url, log(value), done(), observe(source, types), env {origin, otherOrigin, otherUrl, global, lacks(why)}.
   * `observe` records the events of a source that the script made; `until` then applies to it. `lacks` says why the case means nothing in
   * this engine, and ends it.
   */
  script?: string | string[];
}

export interface ExpectedEvent {
  type: string;
  data?: string;
  /** Length of data in UTF-16 code units, where it is too long to be written down. */
  dataLength?: number;
  lastEventId?: string;
  /** Placeholders {origin}, {other-origin}. */
  origin?: string;
  /** readyState of the source inside the listener. */
  readyState?: 0 | 1 | 2;
  /** "MessageEvent" or "Event": Object.prototype.toString of the event without its brackets. */
  kind?: string;
  target?: boolean;
  currentTarget?: boolean;
  eventPhase?: number;
  bubbles?: boolean;
  cancelable?: boolean;
  isTrusted?: boolean;
}

export interface ExpectedRequest {
  /** By case-insensitive name; null: must be absent. Values are compared as bytes: the expected string as UTF-8. */
  headers?: Record<string, string | null>;
  method?: string;
  /** Milliseconds from the server's end of the connection before (or, without end, its last write) to this request's arrival, both inclusive. */
  delay?: { min?: number; max?: number };
  /** The client closes its connection, at the latest half a second before the case is over. */
  closed?: true;
  /** It need not be sent, if it is the last one: a client may abort it before. */
  optional?: true;
  /** Which origin it must come to: placeholders {origin}, {other-origin}. */
  origin?: string;
  /** What comes behind the first "?" of its target; null: there is none. */
  query?: string | null;
}

/** Only what is named is compared; lists are compared in order and length. */
export interface Expectation {
  events?: ExpectedEvent[];
  /** Requests other than preflights, up to the moment the case was over. */
  requests?: ExpectedRequest[];
  /** When the case was over. */
  readyState?: 0 | 1 | 2;
  /** Right after construction; placeholders allowed. */
  url?: string;
  withCredentials?: boolean;
  /** What the constructor threw: nothing else is then observed. */
  throws?: { name: string; code?: number };
  /** What the script logged; strings may hold placeholders. */
  log?: unknown[];
}

export interface Case extends Play {
  id: string;
  title: string;
  /** Anchor in the server-sent events chapter of the HTML standard, or a whole URL. */
  spec: string;
  /** must: the standard says so. should: it recommends. may: it is silent or leaves it free, and no one fails. */
  level: 'must' | 'should' | 'may';
  requires?: Feature[];
  connections: ConnectionScript[];
  client?: ClientScript;
  /** The case is over at the n-th event of that type (of all observed events, if type is "*"), and `settle` ms later (default 0). */
  until?: { event: string; nth?: number; settle?: number };
  /** Milliseconds after which it is over anyway. Default 4000. */
  limit?: number;
  /** Whether the case is also run with its bytes cut in other ways. Default: true in parsing and fields. */
  chunkings?: boolean;
  expect: Expectation;
  /** Other answers that the standard allows, each whole and with its reason. */
  alternatives?: (Expectation & { reason: string })[];
}

export interface CaseFile {
  section: Section;
  cases: Case[];
}
