import { expect, it } from 'vitest';
import { describeServer } from './serve.ts';

it.each([
  [[8000, 8001, 8002], '8000 to 8002'],
  [[40001, 33000, 40002], '40001, 33000, 40002']
])('the ports %j are told as %s', (ports, told) => {
  const originsAt = (name: string) => ports.map((port) => `https://${name}:${port}`);
  const server = { origins: originsAt('127.0.0.1'), originsAt };
  expect(describeServer(server, { host: '0.0.0.0', tls: 'generated' })).toContain(
    `in Firefox on each of the ports ${told}, or install`
  );
});
