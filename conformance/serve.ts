import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { FixturesServer, Route } from '../fixtures-server/server.ts';
import { cut } from './chunkings.ts';
import { openVenue, portsFrom } from './run.ts';
import type { Venue } from './run.ts';
import { createVisitRoutes } from './visits.ts';
import type { VisitsOptions } from './visits.ts';

export interface ServeOptions extends Omit<VisitsOptions, 'venue'> {
  /** Address to listen on. */
  host: string;
  /** Besides the server's own and those of the page. */
  routes?: Route[];
  /** PEM; `generated` makes a certificate for the names of this machine; none: no TLS. */
  tls?: { key: string; cert: string } | 'generated';
  /** Whether browsers get HTTP/2. */
  http2?: boolean;
  /** Of the first origin, which shows the page; the others have the next ones. 0: free ones. Default: 8000, or free ones if one is taken. */
  port?: number;
}

const defaultPort = 8000;

/** Starts the fixtures server with all cases and the page that runs them in the browser that shows it. Rejects with an Error that says why it cannot. */
export async function openSuiteServer(options: ServeOptions): Promise<FixturesServer> {
  const { host, http2 = false } = options;
  const tls = options.tls === 'generated' ? await generateCertificate(host) : options.tls;
  const routes = [...createVisitRoutes({ ...options, venue: () => venue }), ...(options.routes ?? [])];
  if (tls) routes.push(createCertificateRoute(tls.cert));
  const openAt = (port: number): Promise<Venue> =>
    openVenue(options.dist, {
      host,
      ports: portsFrom(port),
      suitePage: true,
      routes,
      http2,
      ...(tls && { tls })
    });
  const venue: Venue = await openAt(options.port ?? defaultPort).catch(
    (error: NodeJS.ErrnoException & { port?: number }) => {
      if (error.code !== 'EADDRINUSE') throw error;
      if (options.port === undefined) return openAt(0);
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

/** A new certificate, good for a month, for all names and addresses by which this machine is known to be reached. */
async function generateCertificate(host: string): Promise<{ key: string; cert: string }> {
  const addresses = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address.replace(/%.*/, ''))
  );
  const names = new Set(['localhost', hostname(), host, '127.0.0.1', '::1', ...addresses]);
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'truesource' }], {
    notAfterDate: new Date(Date.now() + 30 * 24 * 60 * 60 * 1000),
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [...names].map((name) =>
          isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }
        )
      }
    ]
  });
  return { key, cert };
}

/** For devices that are to trust it. */
function createCertificateRoute(cert: string): Route {
  return {
    method: 'GET',
    path: '/certificate.pem',
    exact: true,
    handle(_request, response) {
      response.writeHead(200, { 'Content-Type': 'application/x-x509-ca-cert' }).end(cert);
    }
  };
}

/** What the person who started it has to know. */
export function describeServer(
  server: Pick<FixturesServer, 'origins' | 'originsAt'>,
  { host, tls }: Pick<ServeOptions, 'host' | 'tls'>
): string {
  const local = server.origins[0]!;
  const ports = server.origins.map((origin) => Number(new URL(origin).port));
  const isRow = ports.every((port, index) => port === ports[0]! + index);
  const range = isRow ? `${ports[0]} to ${ports.at(-1)}` : ports.join(', ');
  const lines = [`Open ${local}/ in a browser, and press the button there. Ctrl-C ends it.`];
  if (host === '0.0.0.0' || host === '::') {
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => `${server.originsAt(address)[0]}/`);
    if (addresses.length > 0) lines.push(`From other devices: ${addresses.join(' or ')}`);
  }
  if (!['127.0.0.1', 'localhost', '::1'].includes(host)) {
    lines.push(
      `Whoever reaches this machine over the network can use it, and see and stop the runs of others, on the ports ${range}.`
    );
  }
  if (tls === 'generated') {
    lines.push(
      `The certificate is new and no browser knows it: accept it, in Firefox on each of the ports ${range}, or install ${local}/certificate.pem.`
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}
