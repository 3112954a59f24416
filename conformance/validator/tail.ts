import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import { redirectStatuses } from '../redirect-status.ts';
import type { Failure, Header } from './recording.ts';
import { escapeJson, printable } from './formats/printable.ts';
import { basicCredentials, headersOf, isRedirect, isStreamHead, observe, type Exchange } from './observe.ts';
import { quote } from './rule.ts';
import { decodeUtf8, fieldValue } from './latin1.ts';
import type { Trace } from './trace.ts';

export interface TailOptions {
  headers?: Header[];
  method?: string;
  body?: Buffer;
  json: boolean;
  colour: boolean;
  signal: AbortSignal;
  write(text: string): void;
}

/** ms, until the server says otherwise. */
const defaultReconnectionTime = 3000;
/** ms over the reconnection time. */
const longestExtraDelay = 30_000;
/** Data shown of one event. */
const longestData = 2000;
/** ms, after which what is not ended is said to wait. */
const longestWait = 1000;

/**
 * Writes what a stream brings, line by line as the standard reads it, and reconnects as an EventSource does.
 * Resolves when the server stops it (204, or an answer that fails the connection), or the signal does, or what cannot be asked for
 * twice ends; with a failure if there never was an answer, clients would fail the connection, or it cannot be read on.
 */
export async function tail(url: URL, options: TailOptions): Promise<{ failure?: Failure }> {
  const { json, signal, write } = options;
  const colours = pc.createColors(options.colour);
  const start = performance.now();
  const clock = () => performance.now() - start;
  let lastEventId = '';
  let reconnectionTime = defaultReconnectionTime;
  /** In a row, without having delivered an event. */
  let fruitlessAttempts = 0;
  let hasConnected = false;
  const method = options.method ?? 'GET';
  const say = (kind: string, at: number, values: Record<string, unknown>, text: string) => {
    if (json) write(`${escapeJson(JSON.stringify({ kind, at: Math.round(at), ...values }))}\n`);
    else write(`${colours.dim(`${(at / 1000).toFixed(2).padStart(8)} s`)}  ${text}\n`);
  };

  while (!signal.aborted) {
    const own: Header[] = [
      { name: 'Accept', value: 'text/event-stream' },
      { name: 'Cache-Control', value: 'no-store' },
      ...basicCredentials(url),
      ...(lastEventId ? [{ name: 'Last-Event-ID', value: lastEventId.replace(/[\0\r\n]/g, '') }] : [])
    ];
    const given = options.headers ?? [];
    fruitlessAttempts++;
    let asked: Exchange | undefined;
    let waitingSaid = -1;
    const waiting = setInterval(() => {
      const wait = asked?.trace && waitOf(asked.trace);
      if (!wait || wait.offset === waitingSaid || clock() - wait.since < longestWait) return;
      waitingSaid = wait.offset;
      say('waiting', clock(), { offset: wait.offset, line: wait.line }, colours.yellow(wait.text));
    }, 100);
    const exchange = await observe({
      request: {
        url,
        method,
        headers: [
          ...own.filter(({ name }) => !given.some((one) => one.name.toLowerCase() === name.toLowerCase())),
          ...given
        ],
        ...(options.body && { body: options.body })
      },
      limits: { connectTimeout: 10_000, headTimeout: 300_000, duration: 2 ** 31 - 1, maxBytes: Infinity },
      clock,
      signal,
      onHead(exchange) {
        asked = exchange;
        const { head } = exchange;
        const { status, version, at } = head!;
        const text = isStreamHead(head) ? colours.green('open') : colours.red('refused');
        say('head', at, { status, headers: head!.headers }, `${text} HTTP/${version} ${status}`);
        return !isStreamHead(head);
      },
      until: ({ trace }) => trace?.overflow !== undefined,
      observers: [
        {
          line({ branch, text, at, offset, number }, block) {
            const values = { offset, line: number };
            const shown = printable(decodeUtf8(text.slice(0, longestData)));
            if (branch === 'retry') {
              reconnectionTime = Number(fieldValue(text));
              say('retry', at, { ...values, reconnectionTime }, colours.dim(`retry ${reconnectionTime} ms`));
            } else if (branch === 'comment')
              say(
                'comment',
                at,
                { ...values, text: decodeUtf8(text.slice(1)) },
                colours.dim(`comment ${shown}`)
              );
            else if (branch === 'id ignored' || branch === 'retry ignored' || branch === 'unknown field') {
              say(
                'ignored',
                at,
                { ...values, branch, text: decodeUtf8(text) },
                colours.yellow(`${branch}${branch === 'unknown field' ? ', ignored' : ''}: ${shown}`)
              );
            } else if (branch === 'nothing to dispatch') {
              if (block.id !== undefined) lastEventId = block.id;
              if (block.type !== undefined)
                say('nothing', at, values, colours.yellow('a block without data: nothing is dispatched'));
            }
          },
          block({ event, id, firstRead, lastRead, offset, line }) {
            const { at } = lastRead;
            const took = at - firstRead.at;
            if (id !== undefined) lastEventId = id;
            fruitlessAttempts = 0;
            const data = decodeUtf8(event!.data);
            const type = decodeUtf8(event!.type);
            const shown = printable(data.slice(0, longestData)) + (data.length > longestData ? '…' : '');
            const numbers = `${event!.data.length} B${took >= 1 ? `, took ${Math.round(took)} ms` : ''}`;
            say(
              'event',
              at,
              {
                offset,
                line,
                type,
                data,
                lastEventId: decodeUtf8(event!.lastEventId),
                bytes: event!.data.length
              },
              `${colours.bold(printable(type))}${event!.lastEventId ? colours.cyan(` #${printable(decodeUtf8(event!.lastEventId))}`) : ''} ${colours.dim(`(${numbers})`)} ${shown}`
            );
          },
          utf8Fault({ offset, line, at }) {
            say(
              'ignored',
              at,
              { offset, line, branch: 'not UTF-8' },
              colours.red(`not UTF-8 at byte ${offset}`)
            );
          }
        }
      ]
    });
    clearInterval(waiting);
    if (signal.aborted) return {};
    const { head, failure, ending, endedAt, trace } = exchange;
    if (head?.status === 204) {
      say('end', endedAt, { status: 204 }, '204: clients stop here');
      return {};
    }
    if (head && !isStreamHead(head)) {
      if (failure) return { failure };
      const message = isRedirect(head)
        ? `the status is ${head.status}, with a Location that cannot be followed: clients take that for a network error, and ask again or give up`
        : `${describeHead(head)}: clients fail the connection here, and do not come back`;
      return { failure: { kind: 'closed', message } };
    }
    if (failure && !hasConnected) return { failure };
    hasConnected = true;
    if (trace?.overflow) {
      const message = `byte ${trace.overflow.offset} begins a ${trace.overflow.what}: what follows is not read`;
      return { failure: { kind: 'garbage', message } };
    }
    const { block, unfinished = '' } = trace?.pending ?? {};
    if (block && (block.dataLines > 0 || unfinished.startsWith('data'))) {
      say(
        'dropped',
        endedAt,
        { offset: block.offset },
        colours.red('an unfinished block is dropped: no blank line ended it')
      );
    }
    const how = failure ? printable(failure.message) : `the connection ended (${ending})`;
    const values = { ending: failure?.kind ?? ending };
    if (!/^(GET|HEAD)$/.test(method)) {
      say('end', endedAt, values, colours.dim(`${how}; ${method} is not sent again`));
      return failure ? { failure } : {};
    }
    const delay = chooseDelay(reconnectionTime, fruitlessAttempts);
    say(
      'reconnect',
      endedAt,
      { ...values, reconnectionTime, delay },
      colours.dim(`${how}; again in ${delay} ms`)
    );
    await sleep(Math.min(delay, 2 ** 31 - 1), undefined, { signal }).catch(() => {});
  }
  return {};
}

/** "Wait some more, if the user agent feels that's appropriate": as the polyfill does, without jitter, since this is one client. */
function chooseDelay(reconnectionTime: number, fruitlessAttempts: number): number {
  if (fruitlessAttempts < 3) return reconnectionTime;
  const grown = 500 * 2 ** (fruitlessAttempts - 3);
  return Math.min(Math.max(reconnectionTime, grown), reconnectionTime + longestExtraDelay);
}

/** What waits for its end, and since when. */
function waitOf({ pending, bytes, lines }: Trace) {
  if (!pending) return undefined;
  const { block, firstDataLine, unfinished, offset, firstRead } = pending;
  const { dataLines } = block;
  if (firstDataLine) {
    const text =
      dataLines === 1
        ? '1 data line waits for a blank line'
        : `${dataLines} data lines wait for a blank line`;
    return { since: firstDataLine.at, offset: block.offset, line: block.line, text };
  }
  if (unfinished === '') return undefined;
  return {
    since: firstRead.at,
    offset,
    line: lines + 1,
    text: `${bytes - offset} bytes wait for a line end`
  };
}

/** What of a head fails the connection. */
function describeHead(head: NonNullable<Exchange['head']>): string {
  if (redirectStatuses.includes(head.status)) return `the status is ${head.status}, without a Location`;
  if (head.status !== 200) return `the status is ${head.status}`;
  const types = headersOf(head, 'content-type');
  return `the status is 200, with ${types.length === 0 ? 'no Content-Type' : `the Content-Type ${quote(types.join(', '))}`}`;
}
