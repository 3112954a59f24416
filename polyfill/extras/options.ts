import type { EventSourceInit } from '../types.ts';
import { check, checkNumber } from './check.ts';

// That of lib.dom and that of Node have no other name in common.
type HeadersInit = NonNullable<RequestInit['headers']>;

export type HeadersSource = HeadersInit | (() => HeadersInit | Promise<HeadersInit>);

/** What is known of a response when it is decided whether to try again. */
export interface ResponseInfo {
  status: number;
  /** Empty where there is no fetch. */
  statusText: string;
  /** Where there is no fetch, Content-Type alone. */
  headers: Headers;
  /** The final one, after redirects. */
  url: string;
}

export interface ReconnectionOptions {
  /** ms; no delay is shorter. Default 0. */
  minDelay?: number;
  /** ms; no delay is longer. Default Infinity. */
  maxDelay?: number;
  /** Each further attempt in a row that delivers no event multiplies the delay by it; at least 1. Default: the growth of the standard EventSource. */
  factor?: number;
  /** From 0 to 1: the part of the delay that is random, as far as it is longer than `minDelay`. Default 0 with a factor of one's own. */
  jitter?: number;
  /** How many attempts in a row may end without having delivered an event before the source is closed. Default Infinity. */
  maxAttempts?: number;
  /** Asked about a response that would close the source; true makes it try again, as after an outage. What it throws closes the source, and is the cause; so does a promise. */
  shouldReconnect?: (response: ResponseInfo) => boolean;
}

/** Additions to the standard's init, all off unless given. */
export interface ExtendedEventSourceInit extends EventSourceInit {
  /** Request headers, or a function that is asked for them before every attempt. They never follow a redirect to another origin. */
  headers?: HeadersSource;
  /** In place of the global fetch. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Default GET. Any other method is not tried again unless `reconnection` is given. */
  method?: string;
  /** Sent again with every attempt, so not a stream. */
  body?: string | Blob | ArrayBuffer | ArrayBufferView | FormData | URLSearchParams;
  /** The last event ID string to begin with. */
  lastEventId?: string;
  /** Closes the source when it is aborted. */
  signal?: AbortSignal;
  /** ms without a single byte, comments included, after which an attempt counts as broken. 0 or Infinity: never, the default. */
  heartbeatTimeout?: number;
  /** False: the source is closed where it would try again. */
  reconnection?: boolean | ReconnectionOptions;
  /**
   * UTF-16 code units of data; an event that has more closes the source, and so does a line of more that has not ended, of whatever field
   * but a comment. Default Infinity.
   */
  maxEventSize?: number;
  /** Name of a query parameter that carries the last event ID in place of the header, which to other origins needs a preflight. */
  lastEventIdParameter?: string;
}

/** The members of an init that are extras, each read once and checked. Throws TypeError or RangeError, naming the option. */
export function readOptions(init: ExtendedEventSourceInit) {
  const {
    headers: givenHeaders,
    fetch,
    method,
    body,
    lastEventId,
    signal,
    heartbeatTimeout,
    reconnection,
    maxEventSize,
    lastEventIdParameter
  } = init;
  const headers =
    givenHeaders === undefined || typeof givenHeaders === 'function'
      ? givenHeaders
      : readHeaders(givenHeaders);
  check('fetch', fetch, 'function');
  check('method', method, 'string');
  if (
    method !== undefined &&
    (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method) || /^(connect|trace|track)$/i.test(method))
  ) {
    throw new TypeError(`method is none that fetch can send: ${method}`);
  }
  if (body !== undefined) {
    if (method === undefined || /^(get|head)$/i.test(method)) {
      throw new TypeError('body needs a method other than GET and HEAD');
    }
    if (!isBody(body)) {
      throw new TypeError(
        'body is no string, Blob, ArrayBuffer, view of one, FormData or URLSearchParams: it must be possible to send it again'
      );
    }
  }
  check('lastEventId', lastEventId, 'string');
  // A stream of UTF-8 has no surrogate without its other half.
  if (lastEventId !== undefined && /[\0\r\n\ud800-\udfff]/u.test(lastEventId)) {
    throw new TypeError('lastEventId has a character that no event ID can have');
  }
  if (
    signal !== undefined &&
    (typeof signal?.aborted !== 'boolean' ||
      typeof signal.addEventListener !== 'function' ||
      typeof signal.removeEventListener !== 'function')
  ) {
    throw new TypeError('signal is not an AbortSignal');
  }
  checkNumber('heartbeatTimeout', heartbeatTimeout, 0);
  checkNumber('maxEventSize', maxEventSize, 1);
  check('lastEventIdParameter', lastEventIdParameter, 'string');
  if (lastEventIdParameter === '') throw new TypeError('lastEventIdParameter is empty');
  return {
    headers,
    fetch,
    method,
    body,
    lastEventId,
    signal,
    heartbeatTimeout: heartbeatTimeout || Infinity,
    reconnection: readReconnection(reconnection),
    maxEventSize: maxEventSize ?? Infinity,
    lastEventIdParameter
  };
}

export type Options = ReturnType<typeof readOptions>;

function readReconnection(reconnection: boolean | ReconnectionOptions | undefined) {
  if (reconnection === undefined || typeof reconnection === 'boolean') return reconnection;
  if (Object.prototype.toString.call(reconnection) !== '[object Object]') {
    throw new TypeError('reconnection is neither a boolean nor an object');
  }
  const { minDelay, maxDelay, factor, jitter, maxAttempts, shouldReconnect } = reconnection;
  checkNumber('reconnection.minDelay', minDelay, 0);
  checkNumber('reconnection.maxDelay', maxDelay, minDelay ?? 0);
  checkNumber('reconnection.factor', factor, 1);
  checkNumber('reconnection.jitter', jitter, 0, 1);
  checkNumber('reconnection.maxAttempts', maxAttempts, 1);
  check('reconnection.shouldReconnect', shouldReconnect, 'function');
  return { minDelay, maxDelay, factor, jitter, maxAttempts, shouldReconnect };
}

function readHeaders(headers: HeadersInit): HeadersInit {
  // To Headers it is an object without members.
  if (typeof (headers as Partial<Promise<unknown>> | null)?.then === 'function') {
    throw new TypeError('headers is a promise: only a function may answer one');
  }
  try {
    // An iterator can be read once, and is asked for every attempt.
    const kept = isIterator(headers) ? [...headers] : headers;
    new Headers(kept);
    return kept;
  } catch (error) {
    throw new TypeError(`headers: ${(error as Partial<Error> | null | undefined)?.message}`, {
      cause: error
    });
  }
}

function isIterator(headers: unknown): headers is Iterable<[string, string]> {
  return typeof (headers as Partial<Iterator<unknown>> | null)?.next === 'function';
}

/** By the names that objects of other realms have as well. */
function isBody(body: unknown): boolean {
  return (
    ArrayBuffer.isView(body) ||
    /^\[object (String|Blob|File|ArrayBuffer|FormData|URLSearchParams)\]$/.test(
      Object.prototype.toString.call(body)
    )
  );
}
