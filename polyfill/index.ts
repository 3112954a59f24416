import { createTheInterface } from './event-source.ts';
import { chooseTransport } from './transports/choose.ts';
import type { EventSource as EventSourceType, EventSourceConstructor } from './types.ts';

export type { EventSourceConstructor, EventSourceEventMap, EventSourceInit } from './types.ts';

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface */
export type EventSource = EventSourceType;
export const EventSource: EventSourceConstructor = /* @__PURE__ */ createTheInterface(chooseTransport);
