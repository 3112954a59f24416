import type { ServerHttp2Stream } from 'node:http2';
import { fieldsOf, hasNoBody, pause, writeAlone } from './play.ts';
import type { Stage } from './play.ts';
import { writes } from './stream-script.ts';
import type { ConnectionScript, Play } from './stream-script.ts';
import { connectionFields } from './connection-fields.ts';

/** Why a play needs HTTP/1.1; undefined if it can be played over HTTP/2. */
export function needsHttp1(play: Play): string | undefined {
  for (const script of [...play.connections, ...(play.preflight ? [play.preflight] : [])]) {
    if (script.head) return 'the head of a response is given as bytes';
    if (script.reason !== undefined) return 'there is a reason phrase';
    if ((script.framing ?? 'chunked') !== 'chunked') return 'the framing of a body is that of HTTP/1.1';
    if ((script.status ?? 200) < 200) return 'there is an informational response';
    const field = Object.keys(script.headers ?? {}).find((name) =>
      connectionFields.includes(name.toLowerCase())
    );
    if (field !== undefined) return `there is a ${field} header`;
    const types = Object.entries(script.headers ?? {}).find(
      ([name]) => name.toLowerCase() === 'content-type'
    );
    if (Array.isArray(types?.[1]) && types[1].length > 1)
      return 'there are two types, which Node does not send';
  }
  return undefined;
}

/**
 * Plays a script that needs no HTTP/1.1 as the answer on a stream: each write is a DATA frame of its own. `cut` and `reset` are both a reset
 * of the stream: the connection is that of others as well. Resolves and rejects as playConnection does.
 */
export async function playStream(
  script: ConnectionScript,
  stage: Omit<Stage, 'socket' | 'reset'> & { stream: ServerHttp2Stream }
): Promise<void> {
  const { stream } = stage;
  const bodiless = hasNoBody(script, stage.method);
  const body = bodiless ? [] : writes(script.stream ?? []);
  const gone = new AbortController();
  const leave = () => gone.abort();
  if (stream.destroyed || stream.aborted) leave();
  stream.once('close', leave).on('error', leave);
  try {
    await pause(script.delay ?? 0, gone.signal);
    const status = script.status ?? 200;
    const fields = fieldsOf(script, stage.placeholders)
      .filter(([name]) => !connectionFields.includes(name.toLowerCase()))
      .map(([name, value]): [string, string] => [name.toLowerCase(), Buffer.from(value).toString('latin1')]);
    const lines = [`:status: ${status}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
    stage.onWrite?.(Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'));
    const headers: Record<string, string[]> = {};
    for (const [name, value] of fields) (headers[name] ??= []).push(value);
    const options = { endStream: bodiless, sendDate: false };
    stream.respond({ ':status': status, ...headers }, options);
    for (const item of body) {
      gone.signal.throwIfAborted();
      if (!Buffer.isBuffer(item)) await pause(item.pause, gone.signal);
      else {
        stage.onWrite?.(item);
        await writeAlone(stream, item);
      }
    }
    const end = script.end ?? 'hang';
    if (end === 'hang') return;
    gone.signal.throwIfAborted();
    stage.onEnd?.();
    if (end === 'close') stream.end();
    // close() would end the body properly before it.
    else stream.destroy(new Error('cut'));
  } catch (error) {
    if (!gone.signal.aborted && !stream.destroyed) throw error;
  }
}
