import { interpretTheEventStream } from './event-stream.ts';
import { createEvent, type MessageEventInit } from './platform/events.ts';
import { extractTheEssence } from './platform/mime-type.ts';
import { root } from './platform/globals.ts';
import { afterTheTasks, isOffline, queueATask, startTimer } from './platform/timers.ts';
import { parseUrl } from './platform/urls.ts';
import type { Transport, TransportRequest } from './transport.ts';

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSED = 2;

/** What the processing model knows of its EventSource. */
export interface Connection extends TransportRequest {
  readyState: typeof CONNECTING | typeof OPEN | typeof CLOSED;
  /** Fires an event at the EventSource. */
  fire(event: Event): void;
  /** Ends whatever is under way: a request, or the wait for the next. */
  stop(): void;
  /** What extras may set: the milliseconds to wait, from the reconnection time and the attempts in a row that have ended without having delivered an event. */
  chooseDelay?(reconnectionTime: number, fruitlessAttempts: number): number;
}

/** What the method close() does, whatever a page has put in its place. */
export function closeConnection(connection: Connection): void {
  connection.readyState = CLOSED;
  connection.stop();
}

/** Attempts in a row that may end without having delivered an event before the delay grows. */
const patience = 2;
/** ms; doubles with each attempt after those. */
const unit = 125;
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
  const grown = unit * Math.pow(2, fruitlessAttempts - patience) * (1 + Math.random());
  return Math.min(Math.max(reconnectionTime, grown), reconnectionTime + longestExtraDelay);
}

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
 *
 * Runs a connection from its first request on. Calls nothing before it has returned.
 */
export function runTheProcessingModel(connection: Connection, transport: Transport | null): void {
  let reconnectionTime = 3000;
  let fruitlessAttempts = 0;

  function request(): void {
    // The wait for the network is over.
    connection.stop();
    let origin = '';
    const interpret = interpretTheEventStream(
      {
        setTheLastEventIdString(value) {
          connection.lastEventIdString = value;
        },
        setTheReconnectionTime(value) {
          reconnectionTime = value;
        },
        dispatchTheEvent(type, data, lastEventId) {
          fruitlessAttempts = 0;
          if (FOR_OLD_ENGINES)
            connection.isResumable = lastEventId && lastEventId !== connection.lastEventIdString;
          connection.lastEventIdString = lastEventId;
          queueTheEvent(type, OPEN, { data: data, lastEventId: lastEventId, origin: origin });
        }
      },
      connection.lastEventIdString
    );
    fruitlessAttempts++;
    connection.stop = transport!(connection, {
      onResponse(status, contentType, url) {
        const finalUrl = parseUrl(url || connection.url);
        if (finalUrl) origin = finalUrl.origin;
        connection.isUnanswered = false;
        if (isEventStream(status, contentType)) {
          connection.wasOpen = true;
          queueTheEvent('open', OPEN);
        } else {
          connection.stop();
          queueTheEvent('error', CLOSED);
        }
      },
      onText(text, more) {
        const held = interpret(text);
        // What the events hold is gone before more comes in.
        if (FOR_FETCH && more) afterTheTasks(more);
        return held;
      },
      onEnd(isFutile) {
        // "Unless the user agent knows that to be futile"
        queueTheEvent('error', isFutile ? CLOSED : CONNECTING);
      }
    });
    connection.isUnanswered = true;
  }

  /**
   * Queues a task that sets readyState and fires an event: to announce (OPEN), reestablish (CONNECTING) or fail (CLOSED) the connection, or with
   * `init` to dispatch a message of one that is open.
   */
  function queueTheEvent(type: string, readyState: Connection['readyState'], init?: MessageEventInit): void {
    queueATask(() => {
      if (connection.readyState === CLOSED) return;
      connection.readyState = readyState;
      if (readyState === CONNECTING) {
        connection.stop = startTimer(
          () => {
            if (!isOffline()) request();
            else {
              root.addEventListener!('online', request);
              connection.stop = () => {
                root.removeEventListener!('online', request);
              };
            }
          },
          ((FOR_FETCH && connection.chooseDelay) || chooseDelay)(reconnectionTime, fruitlessAttempts)
        );
      }
      connection.fire(createEvent(type, init));
    });
  }

  // Other schemes no transport can ever fetch: to try again would be futile.
  if ((!FOR_FETCH || transport) && /^(https?|data|blob):/.test(connection.url)) request();
  else queueTheEvent('error', CLOSED);
}
