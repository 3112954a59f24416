import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { validate, type ValidateOptions } from './index.ts';

const folder = fileURLToPath(new URL('real-servers', import.meta.url));

interface RealServer {
  file: string;
  path?: string;
  options?: ValidateOptions;
  /** What it gets beside notes. */
  expected: string[];
}

/** Streams much as the documentation of each server has them. */
const servers: RealServer[] = [
  { file: 'node-http.mjs', expected: [] },
  { file: 'express.mjs', expected: ['R06'] },
  { file: 'express.mjs', path: 'compressed', expected: ['R06', 'T04'] },
  { file: 'better-sse.mjs', expected: ['H14'] },
  { file: 'hono.mjs', expected: [] },
  { file: 'hono.mjs', path: 'short', expected: ['R21'] },
  { file: 'h3.mjs', expected: [] },
  { file: 'fastify.mjs', expected: ['H14', 'R06'] },
  {
    file: 'graphql-sse.mjs',
    path: '?query=subscription{greetings}',
    options: { profile: 'graphql-sse' },
    expected: []
  },
  { file: 'mcp.mjs', expected: ['H14'] },
  { file: 'http_server.py', expected: ['H17', 'R06'] },
  { file: 'starlette_app.py', expected: ['R06'] },
  { file: 'starlette_app.py', path: 'plain', expected: ['T01'] },
  { file: 'flask_app.py', expected: ['T01'] }
];

/** Those that need nothing installed. */
const bare = ['node-http.mjs', 'http_server.py'];

function commandFor(file: string): string | undefined {
  if (file.endsWith('.mjs')) {
    return bare.includes(file) || existsSync(`${folder}/node_modules`) ? process.execPath : undefined;
  }
  if (existsSync(`${folder}/venv/bin/uvicorn`)) return `${folder}/venv/bin/python`;
  return bare.includes(file) && !spawnSync('python3', ['--version']).error ? 'python3' : undefined;
}

let child: ChildProcess | undefined;
afterEach(() => child?.kill());

for (const { file, path = '', options = {}, expected } of servers) {
  const command = commandFor(file);
  it.skipIf(!command)(`${file} ${path}`, { timeout: 30_000 }, async () => {
    const port = await freePort();
    child = spawn(command!, [`${folder}/${file}`, String(port)], { stdio: 'ignore' });
    await answers(port);
    const start = performance.now();
    const { findings, failure } = await validate(`http://127.0.0.1:${port}/${path}`, options).result;
    expect(performance.now() - start).toBeLessThan(6000);
    expect(failure).toBeUndefined();
    const serious = findings.filter(({ severity }) => severity !== 'information');
    expect(serious.map(({ rule }) => rule).toSorted(), JSON.stringify(serious, null, 1)).toEqual(expected);
  });
}

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
      const socket = net.connect({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
