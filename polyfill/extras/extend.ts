import type { Extend } from '../event-source.ts';
import {
  chooseDelay,
  closeConnection,
  CLOSED,
  CONNECTING,
  isEventStream,
  type Connection
} from '../processing-model.ts';
import { createEvent } from '../platform/events.ts';
import { ignore } from '../platform/globals.ts';
import { longestTimeout, queueATask, startTimer } from '../platform/timers.ts';
import type { Transport } from '../transport.ts';
import { chooseTransport } from '../transports/choose.ts';
import { createFetchTransport, fetchTransport } from '../transports/fetch.ts';
import { readOptions, type ExtendedEventSourceInit, type Options } from './options.ts';
import { createTooLarge, isTooLarge } from './event-size.ts';
import { send, UnfollowableRedirectError } from './send.ts';

/** What an `error` event of a source tells beyond the standard; each is a member of the event. */
export interface ErrorDetails {
  /** Of the response; absent if there was none in this attempt. */
  status?: number;
  /** This and the headers are absent where there is no fetch. */
  statusText?: string;
  headers?: Headers;
  /** What fetch rejected with, or what an option of the page's has ended. */
  cause?: unknown;
  reconnecting: boolean;
  /** ms until the next attempt; absent when there is none. */
  delay?: number;
}

/** Puts the extras of an init round the standard's connection and transport. */
export const extend: Extend = function (init, connection) {
  const options = readOptions(init as ExtendedEventSourceInit);
  const { headers, fetch, method, body, lastEventIdParameter, lastEventId, signal } = options;
  const needsFetch = [headers, fetch, method, body, lastEventIdParameter].some(
    (value) => value !== undefined
  );
  const standardTransport = chooseTransport();
  const transport = !needsFetch
    ? standardTransport
    : fetch || standardTransport === fetchTransport
      ? createFetchTransport((request, abortSignal) => send(request, abortSignal, options), false)
      : failingTransport;
  if (signal?.aborted) {
    connection.readyState = CLOSED;
    return null;
  }
  if (!transport) return null;

  if (lastEventId !== undefined) connection.lastEventIdString = lastEventId;
  if (signal) {
    const close = () => closeConnection(connection);
    signal.addEventListener('abort', close);
    // A signal may live longer than many sources.
    onceClosed(connection, () => signal.removeEventListener('abort', close));
  }
  return watch(transport, connection, options);
};

/** Where fetch cannot stream, as in React Native, it would wait for the end of the response. */
const failingTransport: Transport = (_request, client) => {
  queueATask(() => {
    client.onEnd(
      true,
      new TypeError('headers, method, body and lastEventIdParameter need a fetch that streams')
    );
  });
  return ignore;
};

/** Calls `steps` when the connection is closed, in whichever way: all of them set its readyState. */
function onceClosed(connection: Connection, steps: () => void): void {
  let { readyState } = connection;
  Object.defineProperty(connection, 'readyState', {
    get: () => readyState,
    set(value: Connection['readyState']) {
      readyState = value;
      if (readyState === CLOSED) steps();
    }
  });
}

/** Wraps a transport and fire so that attempts end as the options say, and error events tell why. */
function watch(transport: Transport, connection: Connection, options: Options): Transport {
  const { heartbeatTimeout, maxEventSize, method } = options;
  const isGet = method === undefined || method.toUpperCase() === 'GET';
  const reconnection = options.reconnection ?? isGet;
  const policy: Exclude<Options['reconnection'], boolean | undefined> | Record<string, never> =
    typeof reconnection === 'object' ? reconnection : {};
  let details: ErrorDetails = { reconnecting: false };
  let fruitlessAttempts = 0;

  const fire = connection.fire.bind(connection);
  connection.fire = (event) => {
    if (event.type === 'error' && !('data' in event)) {
      details.reconnecting = connection.readyState === CONNECTING;
      if (!details.reconnecting) delete details.delay;
      Object.assign(event, details);
    } else if ('data' in event) {
      fruitlessAttempts = 0;
      if ((event as MessageEvent<string>).data.length > maxEventSize) {
        closeConnection(connection);
        fire(
          Object.assign(createEvent('error'), details, {
            cause: createTooLarge(maxEventSize),
            reconnecting: false
          })
        );
        return;
      }
    }
    fire(event);
  };

  connection.chooseDelay = (reconnectionTime, fruitless) => {
    const { minDelay = 0, maxDelay = Infinity, factor, jitter = 0 } = policy;
    const first = Math.max(reconnectionTime, minDelay);
    const grown =
      factor === undefined
        ? chooseDelay(reconnectionTime, fruitless)
        : // Nothing times an overflown power is no number.
          first && first * Math.pow(factor, Math.max(fruitless - 1, 0));
    const delay = Math.min(
      Math.max(Math.min(grown, maxDelay) * (1 - jitter * Math.random()), minDelay),
      longestTimeout
    );
    details.delay = delay;
    return delay;
  };

  return (request, client) => {
    details = { reconnecting: false };
    fruitlessAttempts++;
    let stopHeartbeat = (): void => {};
    let isOver = false;
    const awaitBytes = (): void => {
      stopHeartbeat();
      if (heartbeatTimeout < Infinity) {
        stopHeartbeat = startTimer(() => {
          // What came while a listener was busy is there to be read first.
          stopHeartbeat = startTimer(() => {
            end(false, new Error(`no byte within ${heartbeatTimeout} ms`));
          }, 10);
        }, heartbeatTimeout);
      }
    };
    const end = (isFutile: boolean, cause?: unknown): void => {
      if (isOver) return;
      abort();
      if (cause !== undefined) details.cause = cause;
      const { maxAttempts = Infinity } = policy;
      // Behind the events that have come in with the end.
      queueATask(() => {
        client.onEnd(isFutile || reconnection === false || fruitlessAttempts >= maxAttempts);
      });
    };
    const abort = (): void => {
      isOver = true;
      stopHeartbeat();
      abortTransport();
    };
    const abortTransport = transport(request, {
      onResponse(status, contentType, url, response) {
        if (isOver) return;
        awaitBytes();
        details.status = status;
        if (response) {
          details.statusText = response.statusText;
          details.headers = response.headers;
        }
        const { shouldReconnect } = policy;
        if (shouldReconnect && !isEventStream(status, contentType)) {
          const ask = () => {
            const { statusText = '', headers = new Headers({ 'Content-Type': contentType }) } = details;
            return shouldReconnect({ status, statusText, headers, url });
          };
          if (askWhetherToReconnect(ask)) return;
        }
        client.onResponse(status, contentType, url);
      },
      onText(text, more) {
        if (isOver) return 0;
        // While its events wait, no more is asked for.
        const goOn =
          more &&
          (() => {
            if (!isOver) awaitBytes();
            more();
          });
        if (goOn) stopHeartbeat();
        else awaitBytes();
        const held = client.onText(text, goOn);
        if (isTooLarge(held, maxEventSize)) end(true, createTooLarge(maxEventSize));
        return held;
      },
      onEnd: (isFutile = false, cause) => end(isFutile || cause instanceof UnfollowableRedirectError, cause)
    });
    awaitBytes();
    return abort;

    function askWhetherToReconnect(ask: () => unknown): boolean {
      try {
        const answer = ask();
        if (!answer) return false;
        // That it was one would be a yes.
        if (typeof (answer as Promise<unknown>).then === 'function') {
          void Promise.resolve(answer).catch(ignore);
          throw new TypeError('reconnection.shouldReconnect answered a promise');
        }
        connection.isUnanswered = false;
        end(false);
      } catch (error) {
        end(true, error);
      }
      return true;
    }
  };
}
