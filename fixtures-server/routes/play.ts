import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { needsHttp1, playStream } from '../play-http2.ts';
import { playConnection, type Stage } from '../play.ts';
import { now, type RequestLog, type RequestRecord } from '../request-log.ts';
import { type ConnectionScript, namePattern, type Play } from '../stream-script.ts';
import { Refusal, type Route, segmentsOf, streamOf } from './route.ts';

export interface PlayRouteOptions {
  plays: Map<string, Play>;
  log: RequestLog;
  /** By token: what its requests wait for before they are answered. */
  held: Map<string, Promise<void>>;
  /** Whether a token is ended for good: what asks under it is answered 204. */
  isRetired(token: string): boolean;
  /** The server's origins, under the name by which a request came. */
  originsFor(request: IncomingMessage): string[];
  /** Sends a TCP reset on the connection of a socket. */
  reset(socket: Socket): void;
  /** Which of the origins. */
  index: number;
}

/** `/sse/<token>/<play id>` with any method and query: plays the next connection. */
export function playRoute({
  plays,
  log,
  held,
  isRetired,
  originsFor,
  reset,
  index
}: PlayRouteOptions): Route {
  /** The last play on each socket: requests that a client pipelines wait for it. */
  const playing = new WeakMap<Socket, Promise<void>>();
  /** Plays what `find` gives, if anything, when what came before on the connection is answered, and the request is read. */
  const playInTurn = async (
    request: IncomingMessage,
    find: () => Promise<ConnectionScript | null>,
    stage: Pick<Stage, 'placeholders' | 'onWrite' | 'onEnd'>
  ): Promise<void> => {
    const { socket } = request;
    const stream = streamOf(request);
    const body = hasBody(request) ? new Promise((resolve) => request.once('end', resolve)) : null;
    request.resume();
    const before = stream ? undefined : playing.get(socket);
    const answered = (async () => {
      await before;
      await body;
      const script = await find();
      if (!script) return;
      const method = request.method!;
      if (stream) await playStream(script, { ...stage, method, stream });
      else await playConnection(script, { ...stage, method, socket, reset: () => reset(socket) });
    })();
    if (!stream) playing.set(socket, answered);
    await answered;
  };
  return {
    method: '*',
    path: '/sse/',
    async handle(request, _response, url) {
      const at = now();
      const [, token, id, ...more] = segmentsOf(url);
      if (!namePattern.test(token ?? ''))
        throw new Refusal(400, `bad token; it must match ${namePattern.source}`);
      if (isRetired(token!))
        return playInTurn(request, () => Promise.resolve(preflightFor(request)), { placeholders: {} });
      const play = plays.get(id ?? '');
      if (!play || more.length)
        throw new Refusal(
          404,
          `no play ${JSON.stringify([id, ...more].join('/'))}; the index page lists them`
        );

      const origins = originsFor(request);
      const origin = origins[index]!;
      const otherOrigin = origins[(index + 1) % origins.length]!;
      const { socket } = request;
      const stream = streamOf(request);
      const lacking = stream && needsHttp1(play);
      if (lacking) throw new Refusal(505, `${play.id} needs HTTP/1.1: ${lacking}`);
      const preflight = request.method === 'OPTIONS';
      const connection = preflight ? null : nextConnection(play, log.take(token!, play.id));
      const record = recordOf(request, { token: token!, play: play.id, origin, at, connection });
      const entry = log.add(record, () => (stream ? stream.destroy(new Error('ended')) : socket.destroy()));
      (stream ?? socket).once('close', () => {
        record.closedAt = now();
        entry.done();
      });

      const script = preflight
        ? (play.preflight ?? preflightFor(request))
        : connection === null
          ? null
          : play.connections[connection]!;
      const path = `/sse/${token}/${play.id}`;
      await playInTurn(
        request,
        async () => {
          await held.get(token!);
          return script;
        },
        {
          placeholders: {
            url: origin + path,
            origin,
            'other-url': otherOrigin + path,
            'other-origin': otherOrigin,
            'request-origin': request.headers.origin ?? ''
          },
          onWrite: entry.wrote,
          onEnd: () => (record.endedAt = now())
        }
      );
    }
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function nextConnection(play: Play, nth: number): number | null {
  if (nth < play.connections.length) return nth;
  return play.repeat && play.connections.length > 0 ? play.connections.length - 1 : null;
}

function recordOf(
  request: IncomingMessage,
  known: Pick<RequestRecord, 'token' | 'play' | 'origin' | 'at' | 'connection'>
): RequestRecord {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2)
    headers.push([request.rawHeaders[i]!, request.rawHeaders[i + 1]!]);
  return {
    ...known,
    method: request.method!,
    target: request.url!,
    httpVersion: request.httpVersion,
    headers,
    writes: [],
    endedAt: null,
    closedAt: null
  };
}

function preflightFor({ headers }: IncomingMessage): ConnectionScript {
  return {
    status: 204,
    headers: {
      'Content-Type': null,
      'Access-Control-Allow-Origin': headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Methods': headers['access-control-request-method'] ?? 'GET',
      'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? null
    },
    end: 'close'
  };
}
