import { setMembers, support } from './events.ts';
import { checkObject, ignore, isObject, root } from './globals.ts';
import { slots } from './slots.ts';

type Callback = ((this: unknown, event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Listener {
  callback: Callback;
  capture: boolean;
  once?: boolean | undefined;
  passive?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Leaves the signal that would remove it. */
  leaveSignal?(): void;
}

/** What belongs to an event target: its listeners by type, where the engine does not keep them. */
export interface EventTargetSlots {
  listeners?: Record<string, Listener[]>;
}

const NativeEventTarget = root.EventTarget as typeof EventTarget | undefined;

/** An event target with these slots: the engine's own, in the place of the object, wherever it has one that can be constructed. */
export function createEventTarget(object: object, state: EventTargetSlots): EventTarget {
  const target =
    !FOR_OLD_ENGINES || support > 1
      ? (Object.setPrototypeOf(createNative(), Object.getPrototypeOf(object) as object) as EventTarget)
      : (object as EventTarget);
  state.listeners = Object.create(null) as Record<string, Listener[]>;
  slots.set(target, state);
  return target;
}

function createNative(): EventTarget {
  const target = new EventTarget();
  if (FOR_SERVERS) {
    // Node and Deno keep listeners in a property that they add with the first: a page may freeze the source before.
    target.addEventListener('', ignore);
    target.removeEventListener('', ignore);
  }
  return target;
}

/** The slots of a target of createEventTarget; undefined, which has no members, for anything else. */
export function slotsOf<T extends EventTargetSlots>(target: unknown): T {
  return slots.get(target as object) as T;
}

/**
 * Makes an interface inherit from EventTarget, and gives it the methods of one: those that it inherits where the engine's EventTarget
 * is exact. Where it can be constructed but is not exact, one native listener per type lets the engine set target, currentTarget and
 * eventPhase, and calls ours.
 */
export function inheritFromEventTarget(Interface: { prototype: object }, name: string): void {
  const prototype = Interface.prototype as EventTarget;
  // Bundlers and minifiers take the name of a function. Before ES2015 it cannot be given back.
  if (FOR_FETCH && (!FOR_OLD_ENGINES || support > 1)) {
    Object.defineProperty(Interface, 'name', { value: name, configurable: true });
  }
  if (!FOR_OLD_ENGINES || (NativeEventTarget && Object.setPrototypeOf)) {
    Object.setPrototypeOf(Interface, NativeEventTarget!);
    Object.setPrototypeOf(prototype, NativeEventTarget!.prototype);
  }
  if (!(FOR_OLD_ENGINES || FOR_SERVERS) || support > (FOR_SERVERS ? 3 : 1)) return;
  prototype.addEventListener = function () {
    change(this as EventTarget, arguments, true);
  };
  prototype.removeEventListener = function () {
    change(this as EventTarget, arguments);
  };
  if (FOR_OLD_ENGINES) {
    const dispatchNatively = prototype.dispatchEvent;
    prototype.dispatchEvent = function (event) {
      // Of an event that is under way, Node's and Bun's own throws an error of another name.
      if (FOR_SERVERS && support > 1 && !(Object(event) as Event).eventPhase) {
        return dispatchNatively.call(this, event);
      }
      // React Native has no events.
      const Native = FOR_SERVERS && !root.Event ? Object : Event;
      // eslint-disable-next-line no-prototype-builtins -- no ES5 file has instanceof
      if (!Native.prototype.isPrototypeOf(event)) {
        throw new TypeError('not an Event');
      }
      // "If event's dispatch flag is set": the InvalidStateError that old engines make for themselves alone.
      if (event.eventPhase) {
        if (FOR_SERVERS && root.DOMException) throw new DOMException('Under way', 'InvalidStateError');
        new XMLHttpRequest().send();
      }
      setMembers(event, { currentTarget: this, eventPhase: 2, target: this, srcElement: this });
      callListeners(this as EventTarget, event, slotsOf(this).listeners![event.type] || []);
      setMembers(event, { currentTarget: null, eventPhase: 0 });
      return !event.defaultPrevented;
    };
  }
}

/** https://dom.spec.whatwg.org/#add-an-event-listener and #remove-an-event-listener, from the arguments of either method. */
function change(target: EventTarget, given: ArrayLike<unknown>, isAddition?: boolean): void {
  const allListeners = slotsOf(target).listeners!;
  const type = ''.concat(given[0] as string);
  const listeners = (allListeners[type] =
    allListeners[type] || (FOR_SERVERS && support > 1 ? hear(target, type) : []));
  // Too few are as bad as what is no object.
  const callback = (given.length > 1 && given[1]) as Callback;
  checkObject(callback, 'listener');
  const options = (isObject(given[2]) ? given[2] : { capture: given[2] }) as Listener;
  const listener: Listener = { callback, capture: !!options.capture, once: isAddition && options.once };
  if (FOR_SERVERS && isAddition) listener.passive = options.passive;
  const signal = (isAddition && options.signal) as AbortSignal | undefined;
  if (
    FOR_SERVERS &&
    isAddition &&
    signal !== undefined &&
    !Object.prototype.isPrototypeOf.call(AbortSignal.prototype, signal)
  ) {
    throw new TypeError('Not an AbortSignal');
  }
  // The getters of the options may have added it.
  const found = listeners.filter(
    (other) => other.callback === callback && other.capture === listener.capture
  )[0];
  if (!isAddition) remove(listeners, found);
  else if (callback && !found && (signal === undefined || !signal.aborted)) {
    listeners.push(listener);
    if (signal) {
      const end = () => {
        remove(listeners, listener);
      };
      signal.addEventListener('abort', end);
      if (FOR_SERVERS) {
        listener.leaveSignal = () => {
          signal.removeEventListener('abort', end);
        };
      }
    }
  }
}

function remove(listeners: Listener[], listener: Listener | undefined): void {
  const index = listeners.indexOf(listener!);
  if (index < 0) return;
  listeners.splice(index, 1);
  if (FOR_SERVERS && listener!.leaveSignal) listener!.leaveSignal();
}

/** Answers the listeners of a type, which are none yet: the engine's one listener calls them. */
function hear(target: EventTarget, type: string): Listener[] {
  const listeners: Listener[] = [];
  EventTarget.prototype.addEventListener.call(target, type, (event) => {
    const first = listeners[0];
    if (event.srcElement !== target) setMembers(event, { srcElement: target });
    // Most types have one listener, which needs nothing of what several need: that is 7% of what an event costs in Node 24.
    if (listeners.length > 1 || (first && first.capture)) callListeners(target, event, listeners);
    else if (first && !event.cancelBubble) callListener(target, event, listeners, first);
  });
  return listeners;
}

/** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke, at the target: capturing listeners first. */
function callListeners(target: EventTarget, event: Event, listeners: Listener[]): void {
  // 1: the stop propagation flag; 2: the stop immediate propagation flag.
  let stopped = 0;
  // Whether they were called cannot be asked of every native event.
  setMembers(event, {
    stopPropagation() {
      stopped |= 1;
      if (FOR_SERVERS) event.cancelBubble = true;
    },
    stopImmediatePropagation() {
      stopped = 2;
      if (FOR_SERVERS) event.cancelBubble = true;
    }
  });
  function callThose(capture: boolean): void {
    // cancelBubble is another way to set that flag, also before the event is dispatched.
    if (stopped || (FOR_SERVERS && event.cancelBubble)) return;
    // "Let listeners be a clone": those added from here on are not called.
    const those = listeners.filter((listener) => listener.capture === capture);
    those.forEach((listener) => {
      if (stopped < 2 && listeners.indexOf(listener) >= 0) callListener(target, event, listeners, listener);
    });
  }
  callThose(true);
  callThose(false);
  // What is deleted shows what is inherited.
  delete (event as Partial<Event>).stopPropagation;
  delete (event as Partial<Event>).stopImmediatePropagation;
}

function callListener(target: EventTarget, event: Event, listeners: Listener[], listener: Listener): void {
  const callback = listener.callback;
  if (listener.once) remove(listeners, listener);
  // An event that cannot be canceled has nothing to prevent.
  const isPassive = FOR_SERVERS && listener.passive && event.cancelable;
  if (isPassive) setMembers(event, { preventDefault: ignore });
  try {
    // A function may have a `call` of its own, or no prototype.
    if (typeof callback === 'function') ignore.call.call(callback, target, event);
    else callback.handleEvent(event);
  } catch (error) {
    // "Report the exception"
    if (FOR_SERVERS && root.reportError) reportError(error);
    else {
      setTimeout(() => {
        throw error;
      }, 0);
    }
  }
  if (isPassive) delete (event as Partial<Event>).preventDefault;
}
