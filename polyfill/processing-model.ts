import { interpretTheEventStream } from './event-stream.ts';
import { createEvent, createMessageEvent } from './platform/events.ts';
import { extractTheEssence } from './platform/mime-type.ts';
import { isOffline, queueATask, startTimer, whenOnline } from './platform/timers.ts';
import { parseUrl } from './platform/urls.ts';
import type { Transport } from './transport.ts';

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSED = 2;

/** What the processing model knows of its EventSource. */
export interface Connection {
  /** Serialised. */
  readonly url: string;
  readonly withCredentials: boolean;
  readyState: typeof CONNECTING | typeof OPEN | typeof CLOSED;
  /** Fires an event at the EventSource. */
  fire(event: Event): void;
  /** What extras may set. The last event ID string to begin with: */
  lastEventId?: string;
  /** The milliseconds to wait, from the reconnection time and the attempts in a row that have ended without having delivered an event. */
  chooseDelay?(reconnectionTime: number, fruitlessAttempts: number): number;
}

/** Attempts in a row that may end without having delivered an event before the delay grows. */
const patience = 2;
/** ms; doubles with each further attempt. */
const firstGrownDelay = 500;
/** ms over the reconnection time. */
const longestExtraDelay = 30000;

/** Whether a response is one to be announced. */
export function isEventStream(status: number, contentType: string): boolean {
  return status === 200 && extractTheEssence(contentType) === 'text/event-stream';
}

/**
 * "Wait some more, if the user agent feels that's appropriate": exponential, with jitter, as soon as that is longer than the reconnection
 * time that the server wants.
 */
export function chooseDelay(reconnectionTime: number, fruitlessAttempts: number): number {
  if (fruitlessAttempts <= patience) return reconnectionTime;
  const grown = firstGrownDelay * Math.pow(2, fruitlessAttempts - patience - 1) * (0.5 + Math.random() / 2);
  return Math.min(Math.max(reconnectionTime, grown), reconnectionTime + longestExtraDelay);
}

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
 *
 * Runs a connection from its first request on. Answers the close() of its EventSource. Calls nothing before it has returned.
 */
export function runTheProcessingModel(connection: Connection, transport: Transport | null): () => void {
  let reconnectionTime = 3000;
  let lastEventIdString = connection.lastEventId || '';
  let fruitlessAttempts = 0;
  let hasBeenOpen = false;
  let isAfterNetworkError = false;
  let waitingTasks = 0;
  /** Ends whatever is under way: a request, or the wait for the next. */
  let cancel: () => void = function () {};

  function request(): void {
    let origin = '';
    const interpret = interpretTheEventStream(
      {
        setTheLastEventIdString(value) {
          lastEventIdString = value;
        },
        setTheReconnectionTime(value) {
          reconnectionTime = value;
        },
        dispatchTheEvent(type, data, lastEventId) {
          fruitlessAttempts = 0;
          queue(function () {
            connection.fire(
              createMessageEvent(type, { data: data, lastEventId: lastEventId, origin: origin })
            );
          });
        }
      },
      lastEventIdString
    );
    fruitlessAttempts++;
    cancel = transport!(
      {
        url: connection.url,
        withCredentials: connection.withCredentials,
        lastEventId: lastEventIdString,
        hasBeenOpen: hasBeenOpen,
        isAfterNetworkError: isAfterNetworkError
      },
      {
        onResponse(status, contentType, url) {
          isAfterNetworkError = false;
          if (!isEventStream(status, contentType)) {
            failTheConnection();
            return false;
          }
          const finalUrl = parseUrl(url || connection.url);
          if (finalUrl) origin = finalUrl.origin;
          announceTheConnection();
          return true;
        },
        onText(text, more) {
          const held = interpret(text);
          // Behind the events: what they hold is gone before more comes in.
          if (more) {
            if (waitingTasks === 0) more();
            else queue(more);
          }
          return held;
        },
        onEnd(isFutile) {
          // "Unless the user agent knows that to be futile"
          if (isFutile) failTheConnection();
          else reestablishTheConnection();
        }
      }
    );
    isAfterNetworkError = true;
  }

  function queue(steps: () => void): void {
    waitingTasks++;
    queueATask(function () {
      waitingTasks--;
      if (connection.readyState !== CLOSED) steps();
    });
  }

  function announceTheConnection(): void {
    hasBeenOpen = true;
    queue(function () {
      connection.readyState = OPEN;
      connection.fire(createEvent('open'));
    });
  }

  function reestablishTheConnection(): void {
    queue(function () {
      connection.readyState = CONNECTING;
      cancel = startTimer(
        function () {
          if (isOffline()) cancel = whenOnline(request);
          else request();
        },
        (connection.chooseDelay || chooseDelay)(reconnectionTime, fruitlessAttempts)
      );
      connection.fire(createEvent('error'));
    });
  }

  function failTheConnection(): void {
    queue(function () {
      connection.readyState = CLOSED;
      connection.fire(createEvent('error'));
    });
  }

  const url = parseUrl(connection.url);
  // A scheme that no transport can ever fetch: to try again would be futile.
  if (transport && url && /^(https?|data|blob):$/.test(url.protocol)) request();
  else failTheConnection();

  return function () {
    connection.readyState = CLOSED;
    cancel();
  };
}
