import type { IncomingMessage, ServerResponse } from 'node:http';

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

/** The segments of a path, percent-decoded. */
export function segmentsOf(url: URL): string[] {
  try {
    return url.pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new Refusal(400, `bad percent-encoding in the path ${url.pathname}`);
  }
}
