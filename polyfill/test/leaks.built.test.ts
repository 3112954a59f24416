import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Result } from './leaks-child.ts';

const count = 10_000;
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!.split('?')[0];
    if (path === '/silent') return;
    const status = path === '/404' ? 404 : 200;
    response.writeHead(status, { 'Content-Type': 'text/event-stream', Connection: 'close' });
    if (path === '/open') response.write('data: a\n\n');
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it.each([
  ['without extras', false],
  ['with all extras', true]
])(
  `${count} sources %s leave nothing behind`,
  async (_how, withExtras) => {
    const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    const { port } = server.address() as AddressInfo;
    const parameters = [file('../../dist/full.js'), `http://127.0.0.1:${port}`, count, withExtras];
    // It ends by itself: nothing keeps it alive.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--expose-gc', file('leaks-child.ts'), JSON.stringify(parameters)],
      { timeout: 110_000, killSignal: 'SIGKILL' }
    );
    const { growth, ...result } = JSON.parse(stdout) as Result;
    expect(result).toEqual({ sources: count, resources: [], listeners: 0, rejections: [] });
    expect(growth).toBeLessThan(400);
    const connections = await new Promise((resolve) => server.getConnections((_error, n) => resolve(n)));
    expect(connections).toBe(0);
  },
  120_000
);
