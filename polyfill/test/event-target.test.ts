import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

type Module = typeof import('../platform/event-target.ts');

// Node's EventTarget can be constructed and is not exact; without it, all is ours.
describe.each(['with', 'without'])('%s a constructible EventTarget', (which) => {
  let target: EventTarget;
  let module: Module;
  let log: string[];
  const event = () => new Event('a', { cancelable: true });
  const logging = (name: string) => () => void log.push(name);

  beforeEach(async () => {
    vi.resetModules();
    if (which === 'without') vi.stubGlobal('EventTarget', undefined);
    module = await import('../platform/event-target.ts');
    const Interface = function () {} as unknown as new () => EventTarget;
    module.inheritFromEventTarget(Interface, 'Interface');
    target = module.createEventTarget(new Interface(), {});
    log = [];
  });
  afterEach(() => vi.unstubAllGlobals());

  it('takes listeners though it was frozen before the first', () => {
    Object.freeze(target);
    target.addEventListener('a', logging('a'));
    target.dispatchEvent(event());
    expect(log).toEqual(['a']);
  });

  it('shows every listener the target, the current target and the phase', () => {
    const look = (event: Event) => {
      expect([event.target, event.srcElement, event.currentTarget, event.eventPhase]).toEqual([
        target,
        target,
        target,
        2
      ]);
      log.push('looked');
    };
    target.addEventListener('a', look);
    target.addEventListener('a', (event) => look(event));
    target.addEventListener('a', { handleEvent: look });
    const fired = event();
    target.dispatchEvent(fired);
    expect(log).toEqual(['looked', 'looked', 'looked']);
    expect([fired.target, fired.currentTarget, fired.eventPhase]).toEqual([target, null, 0]);
  });

  it('calls in order, capturing listeners first, each identity once', () => {
    const same = logging('same');
    target.addEventListener('a', logging('first'));
    target.addEventListener('a', same);
    target.addEventListener('a', same, { passive: true });
    target.addEventListener('a', same, true);
    target.addEventListener('b', logging('other type'));
    target.addEventListener('a', null);
    target.dispatchEvent(event());
    expect(log).toEqual(['same', 'first', 'same']);
    target.removeEventListener('a', same);
    target.removeEventListener('a', () => {});
    target.dispatchEvent(event());
    expect(log).toEqual(['same', 'first', 'same', 'same', 'first']);
  });

  it('leaves a signal when the listener is removed', () => {
    const { signal } = new AbortController();
    const forget = vi.spyOn(signal, 'removeEventListener');
    const listener = logging('never');
    target.addEventListener('a', listener, { signal });
    target.removeEventListener('a', listener);
    expect(forget).toHaveBeenCalledOnce();
  });

  it('honours once, signal, removal and addition during dispatch', () => {
    const controller = new AbortController();
    const removed = logging('removed');
    target.addEventListener('a', logging('once'), { once: true });
    target.addEventListener('a', logging('signal'), { signal: controller.signal });
    target.addEventListener('a', logging('never'), { signal: AbortSignal.abort() });
    target.addEventListener('a', () => {
      target.removeEventListener('a', removed);
      target.addEventListener('a', logging('added'), { once: true });
    });
    target.addEventListener('a', removed);
    target.dispatchEvent(event());
    controller.abort();
    target.dispatchEvent(event());
    expect(log).toEqual(['once', 'signal', 'added']);
  });

  it('refuses an event that is under way, and not once it is over', () => {
    target.addEventListener('a', (event) => {
      expect(() => target.dispatchEvent(event)).toThrow(
        expect.objectContaining({ name: 'InvalidStateError' })
      );
      log.push('refused');
    });
    const fired = event();
    target.dispatchEvent(fired);
    target.dispatchEvent(fired);
    expect(log).toEqual(['refused', 'refused']);
  });

  it('refuses it with whatever for an XMLHttpRequest', () => {
    vi.stubGlobal('XMLHttpRequest', function (this: { send(): void }) {
      this.send = () => {};
    });
    target.addEventListener(
      'a',
      (event) => {
        expect(() => target.dispatchEvent(event)).toThrow(
          expect.objectContaining({ name: 'InvalidStateError' })
        );
        log.push('refused');
      },
      { once: true }
    );
    target.dispatchEvent(event());
    expect(log).toEqual(['refused']);
  });

  it('looks for the same listener when the options have been read', () => {
    const reads: string[] = [];
    const listener = logging('once');
    const options = new Proxy(
      {},
      {
        get(_, name: string) {
          if (reads.push(name) === 2) target.addEventListener('a', listener);
        }
      }
    );
    target.addEventListener('a', listener, options);
    expect(reads).toEqual(['capture', 'once', 'passive', 'signal']);
    target.removeEventListener(
      'a',
      listener,
      new Proxy({}, { get: (_, name: string) => void reads.push(name) })
    );
    expect(reads.slice(4)).toEqual(['capture']);
    target.addEventListener('a', listener);
    target.dispatchEvent(event());
    expect(log).toEqual(['once']);
  });

  it('does for one listener what it does for several', () => {
    const addition = logging('added');
    const add = () => {
      log.push('one');
      target.addEventListener('a', addition);
    };
    target.addEventListener('a', add, { once: true });
    target.dispatchEvent(event());
    // Listeners without capture are looked up when those with it have been called.
    target.removeEventListener('a', addition);
    target.addEventListener('a', add, true);
    target.dispatchEvent(event());
    target.removeEventListener('a', add, true);
    expect(log).toEqual(['one', 'one', 'added']);
    const stopped = event();
    stopped.cancelBubble = true;
    target.dispatchEvent(stopped);
    expect(log).toHaveLength(3);
  });

  it('stops at stopImmediatePropagation and answers whether the event was canceled', () => {
    target.addEventListener('a', (event) => event.preventDefault());
    target.addEventListener('a', (event) => event.stopPropagation());
    target.addEventListener('a', logging('after stopPropagation'));
    target.addEventListener('a', (event) => event.stopImmediatePropagation());
    target.addEventListener('a', logging('after stopImmediatePropagation'));
    expect(target.dispatchEvent(event())).toBe(false);
    expect(target.dispatchEvent(new Event('b'))).toBe(true);
    expect(log).toEqual(['after stopPropagation']);
  });

  it('leaves the event as it was, and lets no passive listener cancel it', () => {
    const passive = (event: Event) => event.preventDefault();
    target.addEventListener('a', passive, { passive: true });
    target.addEventListener('a', (event) => event.stopImmediatePropagation());
    const fired = event();
    expect(target.dispatchEvent(fired)).toBe(true);
    expect(Object.keys(fired)).not.toContain('stopImmediatePropagation');
    fired.preventDefault();
    expect(fired.defaultPrevented).toBe(true);
  });

  it('reports what a listener throws and goes on', () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const error = new Error('thrown');
    target.addEventListener('a', () => {
      throw error;
    });
    target.addEventListener('a', {} as EventListenerObject);
    target.addEventListener('a', logging('after'));
    target.dispatchEvent(event());
    expect(log).toEqual(['after']);
    expect(report.mock.calls).toEqual([[error], [expect.any(TypeError)]]);
  });

  it('calls functions that have a call of their own, or no prototype', () => {
    const add = (listener: () => void) => target.addEventListener('a', listener);
    add(Object.assign(logging('own call'), { call: logging('wrong') }));
    add(Object.setPrototypeOf(logging('no prototype'), null) as () => void);
    target.dispatchEvent(event());
    expect(log).toEqual(['own call', 'no prototype']);
  });

  it('refuses what Web IDL refuses', () => {
    const add = target.addEventListener as (...parameters: unknown[]) => void;
    expect(() => add.call({}, 'a', null)).toThrow(TypeError);
    expect(() => add.call(target, 'a')).toThrow(TypeError);
    expect(() => add.call(target, 'a', 5)).toThrow(TypeError);
    expect(() => add.call(target, 'a', () => {}, { signal: null })).toThrow(TypeError);
    expect(() => add.call(target, 'a', logging('added'), { signal: new EventTarget() })).toThrow(TypeError);
    target.dispatchEvent(event());
    expect(log).not.toContain('added');
    expect(() => target.dispatchEvent(null as unknown as Event)).toThrow(TypeError);
  });
});
