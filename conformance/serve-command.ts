import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPort, chooseCases, dist, Failure, readExpectedFailures, UsageError } from './command-line.ts';
import { describeServer, openSuiteServer } from './serve.ts';
import { standard } from './standard.ts';
import { version } from './version.ts';

export async function serve(options: {
  host: string;
  port?: string;
  tls?: true;
  cert?: string;
  key?: string;
  http2?: true;
}): Promise<void> {
  const port = options.port === undefined ? undefined : checkPort(options.port);
  if (!existsSync(join(dist, 'suite-page.js'))) throw new Failure(`${dist} is not built: npm run build`);
  const tls = await readCertificate(options);
  const server = await openSuiteServer({
    host: options.host,
    ...(port !== undefined && { port }),
    ...(tls && { tls }),
    ...(options.http2 && { http2: true }),
    chooseCases,
    expectedFailures: readExpectedFailures(),
    dist,
    version,
    standard
  }).catch((error: NodeJS.ErrnoException) => {
    const option = error.code === 'EACCES' ? `--port ${options.port}` : `--host ${options.host}`;
    throw new UsageError(
      error.code === undefined ? error.message : `${option} cannot be had: ${error.message}`
    );
  });
  process.stdout.write(describeServer(server, { host: options.host, ...(tls && { tls }) }));
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => void server.close().finally(() => process.exit(code)));
  }
}

async function readCertificate(options: {
  tls?: true;
  cert?: string;
  key?: string;
  http2?: true;
}): Promise<{ key: string; cert: string } | 'generated' | undefined> {
  const { cert, key } = options;
  if (cert === undefined && key === undefined) {
    if (options.http2 && !options.tls) throw new UsageError('--http2 needs --tls, or --cert and --key');
    return options.tls && 'generated';
  }
  if (cert === undefined) throw new UsageError('--key needs --cert');
  if (key === undefined) throw new UsageError('--cert needs --key');
  const pair = { key: readPem('--key', key), cert: readPem('--cert', cert) };
  try {
    (await import('node:tls')).createSecureContext(pair);
  } catch (error) {
    throw new UsageError(`--cert ${cert} and --key ${key} cannot be used: ${(error as Error).message}`);
  }
  return pair;
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
}
