import type { Job, Observation, ObservedEvent } from './observation.ts';

/** UTF-16 code units of `data` that an observation keeps. */
const dataLimit = 4096;
/** Events that an observation keeps; `until` counts on. */
const eventLimit = 2000;

interface Source {
  readyState: number;
  url: unknown;
  withCredentials: unknown;
  close(): void;
  addEventListener(type: string, listener: (event: MessageEvent) => void): void;
}

/**
 * Drives one EventSource constructor through one job and reports once what could be observed.
 * ES5, so that the same code runs in every engine. Closes every source that it observed.
 */
export function probe(EventSource: unknown, job: Job, report: (observation: Observation) => void): void {
  const started = now();
  const sources: Source[] = [];
  const observation: Observation = { events: [], log: [], readyState: null, over: 'limit', at: 0 };
  const client = job.client;
  const counts: Record<string, number> = {};
  let isOver = false;
  let settling = false;

  const limitTimer = setTimeout(function () {
    finish('limit');
  }, job.limit);

  function finish(over: Observation['over']): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(limitTimer);
    observation.over = over;
    observation.at = now() - started;
    if (sources[0]) observation.readyState = read(sources[0], 'readyState');
    for (let i = 0; i < sources.length; i++) {
      try {
        sources[i]!.close();
      } catch {
        // Without a report its lane would be lost to the cases after it, which say nothing of close().
      }
    }
    report(observation);
  }

  function settle(milliseconds: number): void {
    if (settling) return;
    settling = true;
    // Also without a time to settle the case is over in a later task: what the listeners of this event do still belongs to it.
    setTimeout(function () {
      finish('until');
    }, milliseconds);
  }

  function count(type: string): number {
    const key = '$' + type;
    counts[key] = (counts[key] || 0) + 1;
    return counts[key];
  }

  function observe(source: Source, types?: string[]): void {
    sources.push(source);
    const all = ['open', 'message', 'error'].concat(types || []);
    const seen: Record<string, boolean> = {};
    for (let i = 0; i < all.length; i++) {
      const type = all[i]!;
      if (seen['$' + type]) continue;
      seen['$' + type] = true;
      source.addEventListener(type, listener);
    }

    function listener(event: MessageEvent): void {
      if (isOver) return;
      if (observation.events.length < eventLimit) observation.events.push(observeEvent(event, source));
      const nth = count(event.type);
      const total = count('*');
      const close = client.close;
      if (
        close &&
        typeof close !== 'string' &&
        'on' in close &&
        close.on === event.type &&
        close.nth === nth
      ) {
        source.close();
      }
      const until = job.until;
      if (until && (until.event === '*' ? total : until.event === event.type ? nth : 0) === until.nth) {
        settle(until.settle);
      }
    }
  }

  function observeEvent(event: MessageEvent, source: Source): ObservedEvent {
    const kind = describeKind(event);
    const observed: ObservedEvent = {
      type: event.type,
      readyState: read(source, 'readyState'),
      target: event.target === (source as unknown),
      currentTarget: event.currentTarget === (source as unknown),
      eventPhase: event.eventPhase,
      bubbles: event.bubbles,
      cancelable: event.cancelable,
      isTrusted: event.isTrusted,
      at: now() - started
    };
    if (kind !== undefined) observed.kind = kind;
    if ('data' in event) {
      const data: unknown = event.data;
      observed.data = typeof data === 'string' ? data.slice(0, dataLimit) : observeValue(data);
      if (typeof data === 'string' && data.length > dataLimit) observed.dataLength = data.length;
      observed.lastEventId = observeValue(event.lastEventId);
      observed.origin = observeValue(event.origin);
    }
    return observed;
  }

  function fail(error: { name?: unknown; message?: unknown; code?: unknown } | null | undefined): void {
    observation.threw = {
      name: String(error && error.name),
      message: String(error && error.message !== undefined ? error.message : error)
    };
    if (error && typeof error.code === 'number') observation.threw.code = error.code;
    finish('threw');
  }

  try {
    if (client.script !== undefined) {
      const script = typeof client.script === 'string' ? client.script : client.script.join('\n');
      const body = Function('EventSource', 'url', 'log', 'done', 'observe', 'env', script) as (
        ...parameters: unknown[]
      ) => void;
      body(
        EventSource,
        job.url,
        function (value: unknown) {
          // Taken as it is now: a script may go on changing what it logged.
          observation.log.push(JSON.parse(JSON.stringify(value, tellFromNull)));
        },
        function () {
          settle(0);
        },
        observe,
        {
          origin: job.origin,
          otherOrigin: job.otherOrigin,
          otherUrl: job.otherUrl,
          global: Function('return this')(),
          lacks: function (why: string) {
            observation.lacks = why;
            settle(0);
          }
        }
      );
      return;
    }
    const Constructor = EventSource as new (url: unknown, init?: unknown) => Source;
    const url = client.url === undefined ? job.url : client.url;
    const source = 'init' in client ? new Constructor(url, client.init) : new Constructor(url);
    observation.url = read(source, 'url');
    observation.withCredentials = read(source, 'withCredentials');
    observe(source, client.listen);
    const close = client.close;
    if (close === 'at once') source.close();
    else if (close && 'after' in close) {
      setTimeout(function () {
        if (!isOver) source.close();
      }, close.after);
    }
  } catch (error) {
    fail(error as Error);
  }
}

/** A getter that throws costs what it tells, not the observation. */
function read(source: Source, name: 'readyState' | 'url' | 'withCredentials'): unknown {
  try {
    return observeValue(source[name]);
  } catch (error) {
    return { type: 'exception', prints: String(error) };
  }
}

/** JSON makes null of what it has no word for, or leaves it out. */
function tellFromNull(_key: string, value: unknown): unknown {
  return value === undefined || typeof value === 'function' ? String(value) : value;
}

/** JSON makes a string of a URL, and throws at a cycle and a BigInt. */
function observeValue(value: unknown): unknown {
  const type = typeof value;
  if (value === null || /^(undefined|boolean|number|string)$/.test(type)) return value;
  return { type: type, prints: Object.prototype.toString.call(value) };
}

/**
 * ES5 knows no other name for an object that a script has made: undefined. The MessageEvent of Node 20 has no name of its own, and
 * prints as the Event that it is, too.
 */
function describeKind(event: Event): string | undefined {
  const kind = Object.prototype.toString.call(event).slice(8, -1);
  const isNamed = kind !== 'Event' || typeof MessageEvent === 'undefined';
  // eslint-disable-next-line no-prototype-builtins -- no ES5 file has instanceof
  if (!isNamed && MessageEvent.prototype.isPrototypeOf(event)) return 'MessageEvent';
  return kind === 'Object' && typeof Symbol === 'undefined' ? undefined : kind;
}

function now(): number {
  return typeof performance === 'object' && performance && performance.now ? performance.now() : +new Date();
}
