import type { RequestRecord } from '../../fixtures-server/request-log.ts';
import { writes, type ConnectionScript, type Play } from '../../fixtures-server/stream-script.ts';
import { redirectStatuses } from '../redirect-status.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A fetch response's members that transports read. */
export interface VirtualResponse {
  status: number;
  headers: Headers;
  url: string;
  body: ReadableStream<Uint8Array> | null;
}

export interface VirtualServer {
  fetch(url: string, init: RequestInit): Promise<VirtualResponse>;
  requests: RequestRecord[];
  /** Leaves all further requests unanswered. */
  stop(): void;
}

/** Milliseconds between two steps of a connection: what one write has set off is over before the next. */
const step = 0.01;
const longestRedirectChain = 20;
const bodiless = [101, 204, 205, 304];
const safelisted = ['accept', 'accept-language', 'content-language'];

/**
 * The fixtures server, and a fetch over it without sockets, for one play. It knows of HTTP what the notation of connections says, of raw heads
 * only the empty one; of fetch it has redirects, `data:` and CORS, but neither cookies, caches nor codings.
 *
 * @param page origin of the page that fetches; null: none, and no CORS.
 */
export function createVirtualServer(
  clock: VirtualClock,
  play: Play,
  { path, origins, page }: { path: string; origins: string[]; page: string | null }
): VirtualServer {
  const requests: RequestRecord[] = [];
  let played = 0;
  let isStopped = false;

  return {
    requests,
    fetch: (url, init) => answer(new URL(url), init, 0, page),
    stop: () => void (isStopped = true)
  };

  function answer(
    url: URL,
    init: RequestInit,
    redirected: number,
    origin: string | null
  ): Promise<VirtualResponse> {
    return new Promise((resolve, reject) => {
      if (isStopped) return;
      const fail = () => reject(new TypeError('fetch failed'));
      const data = readDataUrl(url);
      if (data) return void clock.after(step, () => resolve(data));
      if (!origins.includes(url.origin) || url.pathname !== path) return void clock.after(step, fail);
      const given = { ...(init.headers as Record<string, string>) };
      const isCrossOrigin = page !== null && (url.origin !== page || origin !== page);
      const hasCors = isCrossOrigin && init.mode !== 'no-cors';
      const needsPreflight = Object.keys(given).some((name) => !safelisted.includes(name.toLowerCase()));
      if (hasCors && needsPreflight && play.preflight) return void clock.after(step, fail);
      if (hasCors) given.Origin = origin!;
      if (init.cache === 'no-store') given['Cache-Control'] = given.Pragma = 'no-cache';

      const index = played++;
      const script = play.connections[index] ?? (play.repeat ? play.connections.at(-1) : undefined);
      const record: RequestRecord = {
        token: '',
        play: play.id,
        method: 'GET',
        target: url.pathname + url.search,
        httpVersion: '1.1',
        headers: Object.entries(given).map(([name, value]) => [name, value.replace(/^[\t ]+|[\t ]+$/g, '')]),
        origin: url.origin,
        at: clock.now(),
        connection: script ? index : null,
        writes: [],
        endedAt: null,
        closedAt: null
      };
      requests.push(record);
      let body: ReadableStreamDefaultController<Uint8Array> | undefined;
      let cancel = (): void => {};
      const close = () => {
        record.closedAt ??= clock.now();
        cancel();
      };
      init.signal!.addEventListener('abort', () => {
        if (record.closedAt !== null) return;
        close();
        const error = new TypeError('aborted');
        if (body) body.error(error);
        else reject(error);
      });
      if (!script) return;

      const status = script.status ?? 200;
      const otherOrigin = origins[(origins.indexOf(url.origin) + 1) % origins.length]!;
      const headers = headersOf(script, {
        url: url.origin + path,
        origin: url.origin,
        'other-url': otherOrigin + path,
        'other-origin': otherOrigin,
        'request-origin': given.Origin ?? ''
      });
      const respond = () => {
        if (script.head) {
          record.endedAt = clock.now();
          close();
          return fail();
        }
        record.writes.push({ at: clock.now(), bytes: '', length: 0 });
        if (hasCors && !isAllowed(headers, origin!, init.credentials === 'include')) {
          close();
          return fail();
        }
        const location = headers.get('location');
        if (redirectStatuses.includes(status) && location !== null) {
          close();
          const target = URL.canParse(location, url) ? new URL(location, url) : null;
          if (!target || !/^https?:$/.test(target.protocol) || redirected === longestRedirectChain)
            return fail();
          const tainted = isCrossOrigin && target.origin !== url.origin ? 'null' : origin;
          answer(target, init, redirected + 1, tainted).then(resolve, reject);
          return;
        }
        const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) });
        // An engine may have no body where nothing can come.
        const isBodiless =
          bodiless.includes(status) ||
          (typeof script.framing === 'object' && script.framing.contentLength === 0);
        resolve({ status, headers, url: url.href, body: isBodiless ? null : stream });
        playTheBody();
      };
      cancel = clock.after((script.delay ?? 0) + step, respond);

      function playTheBody(): void {
        const { framing = 'chunked', end = 'hang', stream = [] } = script!;
        const items = writes(stream);
        // The server goes on by its own time while the client is busy.
        let due = clock.now();
        let left = typeof framing === 'object' ? framing.contentLength : Infinity;
        const next = () => {
          const item = items.shift();
          if (!item || left === 0) return finish();
          if (Buffer.isBuffer(item)) {
            const bytes = item.subarray(0, left);
            left -= bytes.length;
            record.writes.push({ at: clock.now(), bytes: '', length: bytes.length });
            body!.enqueue(new Uint8Array(bytes));
          }
          wait(Buffer.isBuffer(item) ? step : item.pause);
        };
        const wait = (milliseconds: number) => {
          due += milliseconds;
          cancel = clock.after(due - clock.now(), next);
        };
        const finish = () => {
          if (end === 'hang' && left > 0) return;
          record.endedAt = clock.now();
          close();
          const isWhole = left === 0 || (left === Infinity && (end === 'close' || framing === 'close'));
          if (isWhole && end !== 'reset') body!.close();
          else body!.error(new TypeError('terminated'));
        };
        wait(step);
      }
    });
  }
}

function headersOf(script: ConnectionScript, placeholders: Record<string, string>): Headers {
  const headers = new Headers({ 'Content-Type': 'text/event-stream' });
  for (const [name, value] of Object.entries(script.headers ?? {})) {
    headers.delete(name);
    for (const each of value === null ? [] : [value].flat()) {
      const filled = each.replace(/\{([a-z-]+)\}/g, (whole, key: string) => placeholders[key] ?? whole);
      headers.append(name, Buffer.from(filled, 'utf8').toString('latin1'));
    }
  }
  return headers;
}

/** https://fetch.spec.whatwg.org/#concept-cors-check */
function isAllowed(headers: Headers, origin: string, withCredentials: boolean): boolean {
  const allowed = headers.get('access-control-allow-origin');
  if (!withCredentials && allowed === '*') return true;
  return (
    allowed === origin && (!withCredentials || headers.get('access-control-allow-credentials') === 'true')
  );
}

/** https://fetch.spec.whatwg.org/#data-url-processor, as far as cases go; null on failure. */
function readDataUrl(url: URL): VirtualResponse | null {
  const [, type, isBase64, text] = /^data:([^,]*?)(;base64)?,([^#]*)/.exec(url.href) ?? [];
  if (text === undefined) return null;
  const bytes = Buffer.from(decodeURIComponent(text), isBase64 ? 'base64' : 'utf8');
  return {
    status: 200,
    headers: new Headers({ 'Content-Type': type! }),
    url: url.href,
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      }
    })
  };
}
