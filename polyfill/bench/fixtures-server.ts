import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FixturesServerJob, FixturesServerState } from './fixtures-server-process.ts';

export interface FixturesServerResult extends FixturesServerJob {
  /** Resident, of one open stream. */
  kilobytes: number;
  /** ms by which pauses were too long, by the times of the server's writes. */
  late: NonNullable<FixturesServerState['late']>;
}

/** Many streams at a time, each to a socket of its own. */
export async function benchFixturesServer(
  isShort: boolean,
  report: (line: string) => void
): Promise<FixturesServerResult> {
  const job = { streams: isShort ? 50 : 5000, writes: 5, pause: isShort ? 20 : 1000 };
  const file = fileURLToPath(new URL('fixtures-server-process.ts', import.meta.url));
  const child = fork(file, [JSON.stringify(job)], { execArgv: ['--no-warnings'] });
  const sockets: Socket[] = [];
  const ask = async (): Promise<FixturesServerState> => {
    child.send('state');
    return ((await once(child, 'message')) as [FixturesServerState])[0];
  };
  try {
    const before = await ask();
    const { hostname, port } = new URL(before.origin);
    const done: Promise<void>[] = [];
    for (let index = 0; index < job.streams; index++) {
      const socket = connect({ host: hostname, port: Number(port) });
      sockets.push(socket);
      socket.write(`GET /sse/s${index}/paced HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
      done.push(receive(socket, job.writes));
      // The server's queue of connections that it has not yet taken is short.
      if (index % 100 === 99) await once(socket, 'connect');
    }
    await Promise.all(done);
    const after = await ask();
    const kilobytes = (after.resident - before.resident) / job.streams / 1024;
    const { p50, p99, max } = after.late!;
    report(
      `fixtures server, ${job.streams} streams: ${kilobytes.toFixed(0)} KB each; pauses too long by ` +
        `${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99), ${max.toFixed(1)} ms (most)`
    );
    return { ...job, kilobytes, late: after.late! };
  } finally {
    for (const socket of sockets) socket.destroy();
    child.kill();
  }
}

/** Fulfils when so many events have come. */
function receive(socket: Socket, events: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text.split('data: 1').length - 1;
      if (received === events) resolve();
    });
    socket.once('error', reject);
  });
}
