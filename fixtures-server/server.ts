import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { defaultLimits, type Limits, RequestLog, type RequestRecord } from './request-log.ts';
import { http, loadHttp } from './node-http.ts';
import { isPlayedOn } from './play.ts';
import { pagesRoutes } from './routes/pages.ts';
import { playRoute } from './routes/play.ts';
import { requestsRoutes } from './routes/requests.ts';
import { Refusal, type Route, streamOf } from './routes/route.ts';
import { serverMessageRoutes } from './routes/server-message.ts';
import { checkPlay, type Play } from './stream-script.ts';

export type { Limits, RequestRecord } from './request-log.ts';
export type { Route } from './routes/route.ts';
export { Refusal } from './routes/route.ts';
export { needsHttp1 } from './play-http2.ts';

/** How many tokens are known to be ended for good; the oldest is forgotten. */
const retiredTokens = 20_000;

/** https://www.rfc-editor.org/rfc/rfc9113#section-7 */
const enhanceYourCalm = 0xb;

export interface FixturesServerOptions {
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** One server, and origin, per port; 0 picks a free one. Default [0]. */
  ports?: number | number[];
  cases?: Play[];
  /** A private key and its certificate, as PEM: the origins are then https. */
  tls?: { key: string; cert: string };
  /** Whether clients get HTTP/2 if they ask for it; needs `tls`. What a play needs HTTP/1.1 for is then refused. */
  http2?: boolean;
  /** Whether `/` is the page that runs the suite in the browser that shows it, for a caller with its routes; else `/` lists the plays. */
  suitePage?: boolean;
  /** Tried after the server's own, in this order. */
  routes?: Route[];
  limits?: Partial<Limits>;
}

export interface FixturesServer {
  /** Without trailing slash, in the order of the ports. */
  origins: string[];
  /** The origins under another name of this machine. */
  originsAt(hostname: string): string[];
  /** What arrived under a token so far (of one play), oldest first; a copy. */
  requests(token: string, play?: string): RequestRecord[];
  /** Adds plays, in place of those with the same id. Throws a TypeError on bad notation. */
  addCases(plays: Play[]): void;
  /** Answers the token's requests only when what it returns is called. */
  hold(token: string): () => void;
  /** Ends the token's open connections and forgets its log and where its plays were. */
  endToken(token: string): void;
  /** Ends the token for good: what still asks for something under it is answered 204, which ends a source. */
  retireToken(token: string): void;
  /** Ends every connection; resolves when no handle is left open. */
  close(): Promise<void>;
  /**
   * Ends every connection, and answers 204 from now on, which ends the sources in this process that nobody has closed, where a server
   * that is gone would be asked for ever. Keeps no process alive.
   */
  retire(): void;
}

/**
 * Starts a server that plays stream scripts; see README.md for its URLs.
 * Rejects with a TypeError on bad notation, and with the system's error if a port cannot be had.
 */
export async function createFixturesServer(options: FixturesServerOptions = {}): Promise<FixturesServer> {
  const { host = '127.0.0.1', ports = [0], cases = [], routes = [], tls, suitePage = false } = options;
  if (options.http2 && !tls) throw new TypeError('http2 needs tls: browsers have it over TLS alone');
  await loadHttp();
  const limits = { ...defaultLimits, ...options.limits };
  const log = new RequestLog(limits);
  const plays = new Map<string, Play>();
  const addCases = (added: Play[]) => {
    added.forEach(checkPlay);
    for (const play of added) plays.set(play.id, play);
  };
  addCases(cases);

  const origins: string[] = [];
  const originsAt = (hostname: string) =>
    origins.map((origin) => {
      const url = new URL(origin);
      url.hostname = hostname;
      return url.origin;
    });
  const originsFor = (request: IncomingMessage) => {
    const name = `http://${request.headers.host ?? String(request.headers[':authority'])}`;
    return URL.canParse(name) ? originsAt(new URL(name).hostname) : origins;
  };
  const held = new Map<string, Promise<void>>();
  const hold = (token: string) => {
    let release = () => {};
    held.set(token, new Promise((resolve) => (release = resolve)));
    return () => {
      held.delete(token);
      release();
    };
  };
  const sockets = new Set<Socket>();
  const servers: (Server | Http2SecureServer)[] = [];
  const reset = (socket: Socket) => {
    // Under TLS, that of the same client below it.
    const same = ({ remoteAddress, remotePort }: Socket) =>
      remoteAddress === socket.remoteAddress && remotePort === socket.remotePort;
    (sockets.has(socket) ? socket : [...sockets].find(same))?.resetAndDestroy();
  };
  let isRetired = false;
  const retired = new Set<string>();
  const endConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    endConnections();
    await Promise.all(closed);
  };
  try {
    for (const port of [ports].flat()) {
      const serverOptions = {
        maxHeaderSize: 64 * 1024,
        requireHostHeader: false,
        noDelay: true,
        // Fetch has control characters in values of headers, and the strict parser refuses them.
        insecureHTTPParser: true
      };
      const server = options.http2
        ? (await import('node:http2')).createSecureServer({ ...serverOptions, ...tls, allowHTTP1: true })
        : tls
          ? (await import('node:https')).createServer({ ...serverOptions, ...tls })
          : http.createServer(serverOptions);
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.setMaxListeners(0);
        socket.on('error', () => {});
        socket.once('close', () => sockets.delete(socket));
      });
      server.on('clientError', refuseMalformed);
      if (!options.http2)
        server.on('connect', (_request, socket) =>
          refuse(socket as Socket, 405, 'CONNECT is not for this server', 'Allow: GET, HEAD\r\n')
        );
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve());
      });
      server.removeAllListeners('error');
      servers.push(server);
      origins.push(originOf(tls ? 'https' : 'http', server.address() as AddressInfo));
    }
  } catch (error) {
    await close();
    throw error;
  }
  servers.forEach((server, index) => {
    const all: Route[] = [
      playRoute({
        plays,
        log,
        held,
        isRetired: (token) => isRetired || retired.has(token),
        originsFor,
        reset,
        index
      }),
      ...requestsRoutes(log),
      ...pagesRoutes(plays, suitePage),
      ...serverMessageRoutes,
      ...routes
    ];
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void answer(request, response, originsFor(request)[index]!, all, limits.bodyBytes);
    });
  });
  return {
    origins,
    originsAt,
    requests: (token, play) => log.requests(token, play),
    addCases,
    hold,
    endToken: (token) => log.endToken(token),
    retireToken(token) {
      retired.add(token);
      if (retired.size > retiredTokens) retired.delete(retired.values().next().value!);
      log.endToken(token);
    },
    close,
    retire() {
      isRetired = true;
      endConnections();
      for (const server of servers) server.unref();
    }
  };
}

function originOf(scheme: string, { address, family, port }: AddressInfo): string {
  const name = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return new URL(`${scheme}://${family === 'IPv6' ? `[${name}]` : name}:${port}`).origin;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  routes: Route[],
  bodyBytes: number
): Promise<void> {
  const { socket } = request;
  const stream = streamOf(request);
  try {
    limitBody(request, bodyBytes);
    const url = urlOf(request.url!, origin);
    const route = routeFor(routes, request.method!, url);
    // An answer by node:http would wait for ever for its turn behind one that was played past it. Clients try again elsewhere.
    if (isPlayedOn(socket) && !url.pathname.startsWith('/sse/')) return void socket.destroy();
    await route.handle(request, response, url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (response.headersSent || isPlayedOn(socket)) (stream ?? socket).destroy();
    else if (!(error instanceof Refusal)) send(response, 500, reason);
    else if (error.status === 413 && !stream) refuse(socket, 413, reason);
    else send(response, error.status, reason, error.headers);
  }
}

/** Throws a Refusal if the length says so at once; else refuses when there has been too much. */
function limitBody(request: IncomingMessage, bodyBytes: number): void {
  const reason = `a request's body must not be over ${bodyBytes} bytes`;
  if (Number(request.headers['content-length'] ?? 0) > bodyBytes) {
    request.push = () => true;
    throw new Refusal(413, reason);
  }
  let length = 0;
  const push = request.push;
  request.push = (chunk: Buffer | null) => {
    length += chunk?.length ?? 0;
    if (length <= bodyBytes) return push.call(request, chunk);
    // What still comes is read and thrown away: unread, it would turn the close into a reset that eats the answer.
    request.push = () => true;
    const stream = streamOf(request);
    if (stream) stream.close(enhanceYourCalm);
    else if (isPlayedOn(request.socket)) request.socket.destroy();
    else refuse(request.socket, 413, reason);
    return true;
  };
}

function urlOf(target: string, origin: string): URL {
  try {
    return new URL(target.startsWith('/') ? origin + target : target);
  } catch {
    throw new Refusal(400, `bad request target ${JSON.stringify(target)}`);
  }
}

function routeFor(routes: Route[], method: string, { pathname }: URL): Route {
  const there = routes.filter(({ path, exact }) => (exact ? pathname === path : pathname.startsWith(path)));
  if (there.length === 0) throw new Refusal(404, `nothing at ${pathname}; the index page is at /`);
  const wanted = method === 'HEAD' ? ['*', 'HEAD', 'GET'] : ['*', method];
  const route = there.find((route) => wanted.includes(route.method));
  if (route) return route;
  const allowed = [
    ...new Set(there.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : route.method)))
  ];
  const allow = allowed.join(', ');
  throw new Refusal(405, `${method} is not for ${pathname}; allowed: ${allow}`, { Allow: allow });
}

function send(
  response: ServerResponse,
  status: number,
  reason: string,
  headers: Record<string, string> = {}
): void {
  response
    .writeHead(status, {
      ...headers,
      'Content-Type': 'text/plain; charset=utf-8',
      ...(response.req.httpVersionMajor === 1 && { Connection: 'close' })
    })
    .end(reason.replace(/\s+/g, ' ') + '\n');
}

/** An answer past node:http, for requests that it cannot read or should not read on. */
function refuse(socket: Socket, status: number, reason: string, headers = ''): void {
  if (!socket.writable || isPlayedOn(socket)) return void socket.destroy();
  const body = reason + '\n';
  const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n${headers}`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), 1000);
  socket.once('close', () => clearTimeout(timer));
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  if (error.code === 'ECONNRESET') socket.destroy();
  else refuse(socket as Socket, status, `not a request that can be read: ${error.message}`);
}
