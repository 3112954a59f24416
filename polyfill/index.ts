import { createTheInterface } from './event-source.ts';
import { extend } from './extras/extend.ts';
import type { ExtendedEventSourceInit } from './extras/options.ts';
import { chooseTransport } from './transports/choose.ts';
import type { EventSource as EventSourceType, EventSourceConstructor } from './types.ts';

export type { ErrorDetails } from './extras/extend.ts';
export type {
  ExtendedEventSourceInit,
  HeadersSource,
  ReconnectionOptions,
  ResponseInfo
} from './extras/options.ts';
export type { EventSourceConstructor, EventSourceEventMap, EventSourceInit } from './types.ts';

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface */
export type EventSource = EventSourceType;

/** The standard's EventSource, and nothing else. */
export const StandardEventSource: EventSourceConstructor =
  /* @__PURE__ */ createTheInterface(chooseTransport);

/** The standard's EventSource, with additions that are off unless the second argument asks for them. */
export const EventSource: EventSourceConstructor<ExtendedEventSourceInit> =
  /* @__PURE__ */ createTheInterface(chooseTransport, extend);
