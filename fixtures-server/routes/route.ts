import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';

/** An answer to requests whose path starts with `path`. */
export interface Route {
  /** In capitals; GET stands for HEAD too, and `*` for every method. */
  method: string;
  path: string;
  /** Only the path itself, not what starts with it. */
  exact?: boolean;
  /** A throw, or a rejection, becomes a 500 with its message, a Refusal its own status. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): void | Promise<void>;
}

/** Thrown by a route: the client's mistake, as a 4xx status and one line that says why. */
export class Refusal extends Error {
  status: number;
  headers: Record<string, string>;
  constructor(status: number, reason: string, headers: Record<string, string> = {}) {
    super(reason);
    this.status = status;
    this.headers = headers;
  }
}

/** The stream of a request that came over HTTP/2, which routes get in the shape of one of HTTP/1.1. */
export function streamOf(request: IncomingMessage): ServerHttp2Stream | undefined {
  return request.httpVersionMajor === 2 ? (request as unknown as Http2ServerRequest).stream : undefined;
}

/** The segments of a path, percent-decoded. */
export function segmentsOf(url: URL): string[] {
  try {
    return url.pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new Refusal(400, `bad percent-encoding in the path ${url.pathname}`);
  }
}
