import type { Engine } from '../engine.ts';
import type { Job, Observation, ReportedEvent } from '../observation.ts';
import { whenEnding } from '../processes.ts';
import { printable } from '../validator/formats/printable.ts';
import { withoutCredentials } from '../validator/observe.ts';
import { ask } from './ask.ts';
import { createPlaces } from './places.ts';
import { pullJobs } from './pull-jobs.ts';

/** Milliseconds that a service has to answer one request. */
const patience = 10_000;
/** Milliseconds that it has after the limit of a case: some seconds later the engine would be given up, without a word of the service. */
const lateness = 4000;
/** Milliseconds in which a service that has died may be started again by whoever looks after it. */
const absence = 5000;
/** Milliseconds that it has to end its clients when this process is made to end. */
const farewell = 1000;
/** Milliseconds of reconnection time before a stream says otherwise: "a few seconds". Services rely on being told. */
const initialDelay = 3000;
/** Clients in a row that a service may refuse to create, having created others. */
const refusalLimit = 100;
/** Clients that have told all that was asked of them, and that a service then may not know when they are to be ended, if it has ended no other. */
const unknownLimit = 10;
/** UTF-16 code units of `data` that an observation keeps. */
const dataLimit = 4096;

/** A client that the service has started for a job. */
interface Stream {
  events: ReportedEvent[];
  /** By number, what came before those that are missing. */
  early: Map<number, unknown>;
  /** The number of the next callback. */
  next: number;
  receive(message: unknown): void;
  /** Ends its job. */
  finish(): void;
}

/**
 * A client in any language, behind the HTTP contract of sse-contract-tests: `GET` tells capabilities, `POST` creates a client that posts what it
 * gets to numbered callbacks, `DELETE` ends it. What the contract has no word for is not observed.
 * https://github.com/launchdarkly/sse-contract-tests/blob/main/docs/service_spec.md
 */
export function createClientServiceEngine(url: string, wait = patience): Engine {
  const { host, pathname, search } = new URL(url);
  const shown = withoutCredentials(url);
  const path = pathname + search;
  let capabilities: string[] = [];
  const places = createPlaces(wait);
  /** Whether anything could be observed, since it was last found. */
  let hasObserved = false;

  /** Rejects with an Error that names the service. */
  async function send(
    method: string,
    address: string,
    body?: object,
    signal?: AbortSignal,
    limit = wait
  ): Promise<Response> {
    const { response, text } = await ask(
      `the service at ${shown}`,
      `${method} ${new URL(address).pathname}`,
      address,
      {
        method,
        ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
        ...(signal && { signal })
      },
      limit
    );
    // Was read to its end, so that the connection can be used again.
    return new Response(text || null, { status: response.status, headers: response.headers });
  }

  return {
    name: path === '/' ? host : host + path,
    address: shown,
    implementations: ['client'],
    isImplementation: true,
    features: () => [],
    lanes: 32,
    async find() {
      try {
        const response = await send('GET', url);
        if (response.status !== 200)
          return { missing: `the service at ${shown} answers ${response.status} to GET /, not 200` };
        const text = await response.text();
        const about = readAbout(text);
        if (!about)
          return {
            missing: `the service at ${shown} answers GET / with what is no object with a list of capabilities: ${quote(text)}`
          };
        capabilities = about.capabilities;
        hasObserved = false;
        return { version: about.name };
      } catch (error) {
        return { missing: (error as Error).message };
      }
    },
    open(task) {
      const ending = new AbortController();
      const streams = new Map<string, Stream>();
      const held = places.begin(task.lanes);
      let count = 0;
      let hasCreated = false;
      /** Clients in a row that it did not create. */
      let refusals = 0;
      /** Whether it has ended any client, and how many it did not know. */
      let hasEnded = false;
      let unknown = 0;
      /** Why the last of those cases was not observed. */
      let fault: string | undefined;
      let lost: Promise<void> | undefined;
      let end: (why: string) => void = () => {};

      const answers = () =>
        send('GET', url, undefined, ending.signal).then(
          () => true,
          () => false
        );

      /** The attempt is over, and what was under way runs again one by one if the service comes back. */
      function lose(why: string): Promise<void> {
        lost ??= (async () => {
          const until = Date.now() + Math.min(wait, absence);
          while (!(await answers())) {
            if (ending.signal.aborted) return;
            if (Date.now() > until) return task.breakDown(why);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          end(why);
        })();
        return lost;
      }

      /** After a connection that was broken off: whether the service is there all the same. */
      async function isThere(why: string): Promise<boolean> {
        if (!lost && (await answers())) return true;
        await lose(why);
        return false;
      }

      /** False if the service has no place for this lane. */
      async function runJob(job: Job): Promise<unknown> {
        const { client, until, limit } = job;
        if (client.script !== undefined) return task.decline(job.id, 'its script is for JavaScript');
        if (client.close !== undefined)
          return task.decline(job.id, 'a test service is not told when to close');
        if (client.init !== undefined)
          return task.decline(job.id, 'a test service is not told of a second argument');
        const address = client.url ?? job.url;
        if (!/^https?:/.test(address))
          return task.decline(job.id, 'its stream does not come from the server');
        const key = String(++count);
        const started = performance.now();
        const timeLeft = () => {
          const left = started + limit + lateness - performance.now();
          return Math.min(wait, Math.max(100, Math.round(left / 100) * 100));
        };
        const heard = ['message', 'open', 'error', ...(client.listen ?? [])];
        let finish = () => {};
        const finished = new Promise<void>((resolve) => (finish = resolve));
        let over: Observation['over'] = 'until';
        const limitTimer = setTimeout(() => {
          over = 'limit';
          finish();
        }, limit);
        const stream: Stream = {
          finish,
          events: [],
          early: new Map(),
          next: 1,
          receive(message) {
            const event = readEvent(message);
            if (!event || !heard.includes(event.type)) return;
            const at = performance.now() - started;
            const { data } = event;
            stream.events.push({
              ...event,
              data: data.slice(0, dataLimit),
              ...(data.length > dataLimit && { dataLength: data.length }),
              at
            });
            const nth = stream.events.filter(({ type }) => type === until?.event).length;
            // Open and error are not told.
            if (until && event.type === until.event && nth === until.nth) setTimeout(finish, until.settle);
          }
        };
        streams.set(key, stream);
        const types = capabilities.includes('event-type-listeners') ? (client.listen ?? []) : [];
        const release = types.length > 0 ? task.hold(job.id) : () => {};
        let resource: string | undefined;
        let deletion: Promise<Response> | undefined;
        /** Why it was not observed, though the service is there. */
        let unseen: string | undefined;
        try {
          const wanted = {
            tag: job.id,
            streamUrl: address,
            callbackUrl: `${task.url}own/${key}`,
            initialDelayMs: initialDelay
          };
          const created = await held.ask(send('POST', url, wanted, ending.signal, timeLeft()));
          if (!created.ok) {
            const why = `the service at ${shown} answers ${created.status} to POST /`;
            const again = isFull(created.status) ? held.refuse(job.id) : undefined;
            if (again !== undefined) {
              task.putBack(job.id);
              if (again === 'elsewhere') return false;
              await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, again))]);
              return;
            }
            // It may refuse a case. Where it has refused so many one after another it is the service that fails.
            if (!hasCreated || ++refusals === refusalLimit)
              throw new Error(
                `${why}, not 2xx${hasCreated ? `, ${refusals} times in a row` : ''}: ${quote(await created.text())}`
              );
            return void (unseen = why);
          }
          refusals = 0;
          const location = created.headers.get('Location');
          if (!location || !URL.canParse(location, url) || !/^https?:$/.test(new URL(location, url).protocol))
            throw new Error(
              `the service at ${shown} answers POST / with ${location ? `the Location ${quote(location)}` : 'no Location'}`
            );
          hasCreated = true;
          held.take();
          resource = new URL(location, url).href;
          for (const type of types) {
            const { status, ok } = await send(
              'POST',
              resource,
              { command: 'listen', listen: { type } },
              ending.signal,
              timeLeft()
            );
            if (!ok)
              throw new Error(
                `the service at ${shown} says that it has event-type-listeners, and answers ${status} to the command listen`
              );
          }
          release();
          await finished;
          const at = performance.now() - started;
          if ((over as Observation['over']) === 'limit') {
            // Nothing came: a service that died meanwhile, and is back, does not know the client. One that is slow to answer counts as there.
            deletion = send('DELETE', resource);
            const answer = await Promise.race([
              deletion,
              new Promise<undefined>((resolve) => void setTimeout(resolve, timeLeft(), undefined).unref())
            ]);
            if (answer?.status === 404)
              await lose(`the service at ${shown} has lost a client, and so was started again`);
          }
          await lost;
          if (lost || ending.signal.aborted) return;
          if (stream.early.size > 0)
            return void (unseen = `the service at ${shown} left out callback ${stream.next}`);
          hasObserved = true;
          task.handIn(job.id, {
            events: [],
            log: [],
            reported: stream.events,
            readyState: null,
            over,
            at
          });
        } catch (error) {
          if (ending.signal.aborted) return;
          const { message } = error as Error;
          if (!isBrokenOff(error as Error)) task.breakDown(message);
          else if (await isThere(message)) unseen = message;
        } finally {
          release();
          clearTimeout(limitTimer);
          streams.delete(key);
          // What it answers to that changes nothing, but it must answer, and cannot have been started again each time.
          if (resource !== undefined) {
            await (deletion ?? send('DELETE', resource)).then(
              ({ status }) => {
                if (status !== 404) hasEnded = true;
                else if (!hasEnded && !deletion && ++unknown === unknownLimit)
                  task.breakDown(
                    `the service at ${shown} answers 404 to DELETE of each client that it created, ${unknown} times`
                  );
              },
              async (error: Error) => {
                if (ending.signal.aborted) return;
                if (!isBrokenOff(error)) task.breakDown(error.message);
                else await isThere(error.message);
              }
            );
            held.leave();
          }
          // Last, since the last of all ends the attempt.
          if (unseen !== undefined) {
            fault = unseen;
            task.decline(job.id, unseen);
          }
        }
      }

      const stopped = new Promise<void>((resolve) =>
        ending.signal.addEventListener('abort', () => resolve())
      );
      const jobs = pullJobs({ ...task, lanes: held.lanes }, async (job) => {
        const hasPlace = await runJob(job);
        // What it took now would be under way when the attempt ends, beside the case that ended it.
        if (lost) await stopped;
        return hasPlace;
      });
      void jobs.done.then(() => {
        const { limit } = places;
        if (limit < Infinity)
          task.remark(
            `the service at ${shown} refused more than ${limit} ${limit === 1 ? 'client' : 'clients'} at a time, and so was given no more`
          );
        if (!hasObserved && fault !== undefined) task.breakDown(fault);
      });
      const stop = async (): Promise<void> => {
        ending.abort();
        for (const { finish } of streams.values()) finish();
        await jobs.stop();
      };
      // What is asked has been sent then; what it answers nobody needs.
      const forget = whenEnding(() =>
        Promise.race([stop(), new Promise((resolve) => void setTimeout(resolve, farewell).unref())])
      );
      return {
        ended: Promise.race([jobs.ended, new Promise<string>((resolve) => (end = resolve))]),
        async stop() {
          await stop();
          forget();
        },
        receive(path, body) {
          const [key = '', number = ''] = path.split('/');
          const stream = streams.get(key);
          try {
            if (!/^[1-9]\d*$/.test(key) || Number(key) > count)
              throw new Error(`to ${quote(path)}, which it was not given`);
            // It may come when its client is gone.
            if (!stream) return;
            if (!/^[1-9]\d*$/.test(number)) throw new Error(`to ${quote(path)}, which has no number`);
            if (Number(number) < stream.next || stream.early.has(Number(number)))
              throw new Error(`${number} twice`);
            stream.early.set(Number(number), parse(body));
            for (let message; (message = stream.early.get(stream.next)) !== undefined; stream.next++) {
              stream.early.delete(stream.next);
              stream.receive(message);
            }
          } catch (error) {
            task.breakDown(`the service at ${shown} sent a callback ${(error as Error).message}`);
          }
        }
      };
    }
  };
}

/** Whether a service that answers so may have a place later. */
function isFull(status: number): boolean {
  return status === 429 || status === 503;
}

/** Whether there is no answer, rather than a wrong one or a late one. */
function isBrokenOff({ cause }: Error): boolean {
  return cause instanceof Error && cause.name !== 'TimeoutError';
}

/** The event of a message, or undefined if it is of another kind. */
function readEvent(message: unknown): Omit<ReportedEvent, 'at'> | undefined {
  const { kind, event } = Object(message) as { kind?: unknown; event?: unknown };
  if (typeof kind !== 'string') throw new Error(`without a kind: ${quote(JSON.stringify(message))}`);
  if (kind !== 'event') return undefined;
  const { type, data, id } = Object(event) as Record<string, unknown>;
  const optional = (value: unknown) => value === undefined || value === null || typeof value === 'string';
  if (typeof data !== 'string' || !optional(type) || !optional(id))
    throw new Error(`whose event is not of strings: ${quote(JSON.stringify(message))}`);
  return { type: (type as string) || 'message', data, lastEventId: (id as string | undefined) ?? '' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`that is not JSON: ${quote(text)}`);
  }
}

/** What the answer to `GET /` says, which may be nothing; undefined if it is something else. */
function readAbout(text: string): { name: string; capabilities: string[] } | undefined {
  if (text.trim() === '') return { name: 'unnamed', capabilities: [] };
  try {
    const about = parse(text) as { name?: unknown; capabilities?: unknown } | null;
    if (typeof about !== 'object' || about === null || Array.isArray(about)) return undefined;
    const { name } = about;
    // An empty list of Go is null.
    const capabilities = about.capabilities ?? [];
    if (!Array.isArray(capabilities) || !capabilities.every((one) => typeof one === 'string'))
      return undefined;
    return { name: typeof name === 'string' && name !== '' ? name : 'unnamed', capabilities };
  } catch {
    return undefined;
  }
}

/** The beginning of a text, in which nothing can steer a terminal. */
function quote(text: string): string {
  return JSON.stringify(printable(text.length > 100 ? `${text.slice(0, 100)}…` : text));
}
