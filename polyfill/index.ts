import { createTheInterface } from './event-source.ts';
import { extend, type ErrorDetails } from './extras/extend.ts';
import type { ExtendedEventSourceInit } from './extras/options.ts';
import { chooseTransport } from './transports/choose.ts';
import type {
  EventSource as EventSourceType,
  EventSourceConstructor,
  EventSourceEventMap as StandardEventSourceEventMap
} from './types.ts';

export type { ErrorDetails } from './extras/extend.ts';
export type {
  ExtendedEventSourceInit,
  HeadersSource,
  ReconnectionOptions,
  ResponseInfo
} from './extras/options.ts';
export type { EventSourceConstructor, EventSourceInit } from './types.ts';

export interface EventSourceEventMap extends StandardEventSourceEventMap {
  /** With what tells why, if the source was constructed with a second argument. */
  error: Event & Partial<ErrorDetails>;
}

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 *
 * `Events` has the events by their types; a page extends EventSourceEventMap with its own.
 */
export type EventSource<Events extends StandardEventSourceEventMap = EventSourceEventMap> =
  EventSourceType<Events>;

/** The standard's EventSource, and nothing else. */
export const StandardEventSource: EventSourceConstructor =
  /* @__PURE__ */ createTheInterface(chooseTransport);

/** The standard's EventSource, with additions that are off unless the second argument asks for them. */
export const EventSource = /* @__PURE__ */ createTheInterface(
  chooseTransport,
  extend
) as EventSourceConstructor<ExtendedEventSourceInit, EventSourceEventMap>;
