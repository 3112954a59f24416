import { networkInterfaces } from 'node:os';
import type { FixturesServer } from '../fixtures-server/server.ts';
import { cut } from './chunkings.ts';
import { openVenue, originCount } from './run.ts';
import type { Venue } from './run.ts';
import { createVisitRoutes } from './visits.ts';
import type { VisitsOptions } from './visits.ts';

export interface ServeOptions extends Omit<VisitsOptions, 'venue'> {
  /** Address to listen on. */
  host: string;
  /** Of the first origin, which shows the page; the others have the next ones. 0: free ones. */
  port: number;
}

/** Starts the fixtures server with all cases and the page that runs them in the browser that shows it. Rejects with an Error that says why it cannot. */
export async function openSuiteServer(options: ServeOptions): Promise<FixturesServer> {
  const { host, port } = options;
  const routes = createVisitRoutes({ ...options, venue: () => venue });
  const ports = Array.from({ length: originCount }, (_, index) => (port === 0 ? 0 : port + index));
  const venue: Venue = await openVenue(options.dist, { host, ports, suitePage: true, routes }).catch(
    (error: NodeJS.ErrnoException & { port?: number }) => {
      if (error.code !== 'EADDRINUSE') throw error;
      throw new Error(
        `port ${error.port} of ${host} is in use; choose others with --port, or --port 0 for free ones`
      );
    }
  );
  venue.server.addCases(
    options.chooseCases().flatMap((testCase) => cut(testCase.section, testCase).map(({ play }) => play))
  );
  return venue.server;
}

/** What the person who started it has to know. */
export function describeServer(server: FixturesServer, host: string): string {
  const local = server.origins[0]!;
  const lines = [`Open ${local}/ in a browser, and press the button there. Ctrl-C ends it.`];
  if (host === '0.0.0.0' || host === '::') {
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => `${server.originsAt(address)[0]}/`);
    if (addresses.length > 0) lines.push(`From other devices: ${addresses.join(' or ')}`);
  }
  if (!['127.0.0.1', 'localhost', '::1'].includes(host)) {
    const ports = server.origins.map((origin) => Number(new URL(origin).port));
    lines.push(
      `Whoever reaches this machine over the network can use it, and see and stop the runs of others, on the ports ${Math.min(...ports)} to ${Math.max(...ports)}.`
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}
