import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { validate } from './index.ts';

/** Streams as the documentation of each server has them. What it says beside notes is checked in. */
const servers: { name: string; command: string; code: string; expected: string[] }[] = [
  {
    name: "Python's http.server",
    command: 'python3',
    code: `
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Cache-Control', 'no-cache')
        self.end_headers()
        try:
            for n in range(100):
                self.wfile.write(f'id: {n}\\ndata: {n}\\n\\n'.encode())
                time.sleep(0.1)
        except OSError:
            pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`,
    expected: ['H17', 'R06']
  },
  {
    name: "Node's http",
    command: process.execPath,
    code: `
require('node:http').createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  if (request.method === 'HEAD') return response.end();
  let n = Number(request.headers['last-event-id'] ?? 0);
  const timer = setInterval(() => response.write('id: ' + ++n + '\\ndata: ' + n + '\\n\\n'), 100);
  response.on('close', () => clearInterval(timer));
}).listen(Number(process.argv[1]), '127.0.0.1');
`,
    expected: []
  }
];

let child: ChildProcess | undefined;
afterEach(() => child?.kill());

describe.each(servers)('$name', { timeout: 30_000 }, ({ command, code, expected }) => {
  const flag = command === 'python3' ? '-c' : '-e';
  it.skipIf(spawnSync(command, ['--version']).error)('gets the findings that it deserves', async () => {
    const port = await freePort();
    child = spawn(command, [flag, code, String(port)], { stdio: 'ignore' });
    await answers(port);
    const start = performance.now();
    const { findings } = await validate(`http://127.0.0.1:${port}/`).result;
    expect(performance.now() - start).toBeLessThan(5000);
    const serious = findings.filter(({ severity }) => severity !== 'information');
    expect(serious.map(({ rule }) => rule).toSorted()).toEqual(expected);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      http
        .get({ port, host: '127.0.0.1' }, (response) => {
          response.destroy();
          resolve(true);
        })
        .on('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
