import { ignore, root } from './globals.ts';

/** Members of a MessageEvent that the dispatch algorithm of 9.2.6 sets. */
export interface MessageEventInit {
  data: string;
  lastEventId: string;
  origin: string;
}

/**
 * What the engine lets a script construct. Above 0: events; old engines have the functions, and throw. Above 1: event targets.
 * Above 3: event targets that show every listener its event as they should.
 */
export const support = /* @__PURE__ */ measureSupport();

function measureSupport(): number {
  let level = 0;
  try {
    // workerd makes none without data.
    const event = FOR_SERVERS ? new MessageEvent('a', { data: null }) : new MessageEvent('a');
    setMembers(event, { target: root });
    // PhantomJS keeps the null.
    if (event.target) level++;
    const target = new EventTarget();
    if (FOR_SERVERS) {
      // That of workerd calls what is named on and the type, which is for the source to call.
      let calls = 0;
      Object.assign(target, { onb: () => calls++ }).dispatchEvent(new Event('b'));
      if (calls) return level;
    }
    level++;
    if (FOR_SERVERS) {
      // In Node 24, after the first listener, currentTarget is null and eventPhase 0. In Deno 2.9 srcElement is null.
      const look = (event: Event): void => {
        if (event.currentTarget === event.srcElement) level++;
      };
      target.addEventListener('a', look, true);
      target.addEventListener(
        'a',
        (event) => {
          look(event);
          event.stopPropagation();
        },
        true
      );
      // Bun 1.3 calls it.
      target.addEventListener('a', () => (level = 2));
      target.dispatchEvent(new Event('a'));
    }
  } catch {
    // An old engine.
  }
  return level;
}

/** An Event, or with `init` a MessageEvent: a real one where the engine lets it be constructed, else an object that has all its members. */
export function createEvent(type: string, init?: MessageEventInit): Event {
  if (!FOR_OLD_ENGINES || support > 0) {
    if (!init) return new Event(type);
    const event = new MessageEvent(type, FOR_SERVERS ? giveAllMembers(init) : init);
    // That of workerd takes the data alone.
    if (FOR_SERVERS && event.lastEventId !== init.lastEventId) setMembers(event, init);
    return event;
  }
  const interfaceName = init ? 'MessageEvent' : 'Event';
  // React Native has neither a document nor events.
  const hasDocument = !FOR_SERVERS || !!root.document;
  const Native = (hasDocument ? root[interfaceName] : Object) as { prototype: object };
  const event = Object.create(Native.prototype) as Event;
  setMembers(
    event,
    hasDocument
      ? document.createEvent(interfaceName)
      : {
          bubbles: false,
          cancelable: false,
          defaultPrevented: false,
          isTrusted: false,
          timeStamp: Date.now()
        }
  );
  setMembers(event, { type: type, preventDefault: ignore });
  if (FOR_SERVERS) setMembers(event, { stopPropagation: ignore, stopImmediatePropagation: ignore });
  setMembers(event, init);
  return event;
}

/** Node 24 takes longer to find that a member is missing than to read it: with all of them, an event costs it 6% less. */
function giveAllMembers(init: MessageEventInit): object {
  return {
    bubbles: false,
    cancelable: false,
    composed: false,
    data: init.data,
    lastEventId: init.lastEventId,
    origin: init.origin,
    ports: undefined,
    source: undefined
  };
}

/** Gives the event members of its own, over those that it may inherit. */
export function setMembers(event: Event, members?: object): void {
  for (const name in members) {
    try {
      Object.defineProperty(event, name, {
        value: members[name as never],
        enumerable: true,
        configurable: true
      });
    } catch {
      // An old engine's own event made by a page: its members are what they are.
    }
  }
}
