import { root } from './globals.ts';

/** Members of a MessageEvent that the dispatch algorithm of 9.2.6 sets. */
export interface MessageEventInit {
  data: string;
  lastEventId: string;
  origin: string;
}

/** Whether Events can be constructed. Old engines have the functions, and throw. */
export const areConstructible = canConstruct();

function canConstruct(): boolean {
  try {
    new Event('a');
    const event = new MessageEvent('a');
    setMember(event, 'target', root);
    // PhantomJS keeps the null.
    return !!event.target;
  } catch {
    return false;
  }
}

/** A real Event where the engine lets one be constructed, else an object that has all its members. */
export function createEvent(type: string): Event {
  return areConstructible ? new Event(type) : createPlainEvent('Event', type, {});
}

export function createMessageEvent(type: string, init: MessageEventInit): Event {
  return areConstructible
    ? new MessageEvent(type, init)
    : createPlainEvent('MessageEvent', type, {
        data: init.data,
        lastEventId: init.lastEventId,
        origin: init.origin,
        source: null,
        ports: []
      });
}

function createPlainEvent(interfaceName: 'Event' | 'MessageEvent', type: string, members: object): Event {
  // An old engine's Event is an object, not a function; what it lends is `instanceof`.
  const native = root[interfaceName] as { prototype?: object } | undefined;
  const event = Object.create((native && native.prototype) || Object.prototype) as Event;
  const all: Record<string, unknown> = {
    type: type,
    target: null,
    srcElement: null,
    currentTarget: null,
    eventPhase: 0,
    bubbles: false,
    cancelable: false,
    composed: false,
    cancelBubble: false,
    defaultPrevented: false,
    returnValue: true,
    isTrusted: false,
    timeStamp: +new Date(),
    preventDefault: function () {},
    stopPropagation: function () {},
    stopImmediatePropagation: function () {},
    composedPath: function () {
      return event.currentTarget ? [event.currentTarget] : [];
    }
  };
  for (const name in all) setMember(event, name, all[name]);
  for (const name in members) setMember(event, name, (members as Record<string, unknown>)[name]);
  return event;
}

/** Gives the event a member of its own, over an accessor that it may inherit. */
export function setMember(event: Event, name: string, value: unknown): void {
  try {
    Object.defineProperty(event, name, {
      value: value,
      enumerable: true,
      configurable: true
    });
  } catch {
    // An old engine's own event made by a page: its members are what they are.
  }
}
