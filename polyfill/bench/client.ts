import type { Usage } from './usage.ts';

/** What a program or page under measurement is to do. */
export interface ClientJob {
  /**
   * `events`: takes `count` events of one stream. `delay`: the same, and for each the time since its data, which is when the server wrote it;
   * before, opens 20 sources one after another and closes each at its first event. `open`: opens `count` sources, and waits for an event of
   * each. `reopen`: does so 100 times, and closes them.
   */
  task: 'events' | 'delay' | 'open' | 'reopen';
  count: number;
}

/** Where a client is. A page does not know its usage. */
export interface Mark {
  name: 'begin' | '10,000 events' | '10 rounds' | 'end';
  usage?: Usage;
  /** At the end. */
  result?: ClientResult;
  /** At the end, if it failed. */
  error?: string;
}

export interface ClientResult {
  /** ms, of all. */
  time: number;
  /** UTF-16 code units of all data. */
  characters: number;
  /** ms, of each event (`delay`). */
  delays: number[];
  /** ms from the constructor to the first event, of each source (`delay`). */
  firsts: number[];
  /** Whether the last event was a MessageEvent. */
  isMessageEvent: boolean;
}

export interface Source {
  addEventListener(type: string, listener: (event: Event) => void): void;
  close(): void;
}
export type SourceConstructor = new (url: string) => Source;

/** Does the job that the fragment of the page's address, or of the `url` that the first argument has, says; and posts its marks. */
export async function run(Source: SourceConstructor): Promise<void> {
  const isPage = typeof location !== 'undefined' && typeof document !== 'undefined';
  const address = isPage ? location.href : (JSON.parse(process.argv[2]!) as { url: string }).url;
  const { origin, hash } = new URL(address);
  const job = JSON.parse(decodeURIComponent(hash.slice(1))) as ClientJob;
  // A page may have taken fetch away from the implementation.
  const request = (globalThis as { request?: typeof fetch }).request ?? fetch;

  async function mark(name: Mark['name'], end: Pick<Mark, 'result' | 'error'> = {}): Promise<void> {
    const body: Mark = { name, ...end };
    if (!isPage) {
      const { user, system } = process.cpuUsage();
      body.usage = { cpu: (user + system) / 1000, resident: process.memoryUsage().rss };
    }
    await (await request(`${origin}/mark`, { method: 'POST', body: JSON.stringify(body) })).text();
  }

  try {
    await mark('begin');
    const result = await work(Source, origin, job, (name) => void mark(name));
    await mark('end', { result });
  } catch (error) {
    await mark('end', { error: String(error) });
  }
}

async function work(
  Source: SourceConstructor,
  origin: string,
  { task, count }: ClientJob,
  mark: (name: Mark['name']) => void
): Promise<ClientResult> {
  const result: ClientResult = { time: 0, characters: 0, delays: [], firsts: [], isMessageEvent: false };
  const start = performance.now();

  function open(path: string, take: (source: Source, event: MessageEvent<string>) => void): void {
    const source = new Source(origin + path);
    source.addEventListener('message', (event: Event) => take(source, event as MessageEvent<string>));
  }

  /** Fulfils with a source at its first event. */
  function openOne(): Promise<Source> {
    return new Promise((resolve) => open('/one', resolve));
  }

  for (let opened = 0; task === 'delay' && opened < 20; opened++) {
    const before = performance.now();
    const source = await openOne();
    result.firsts.push(performance.now() - before);
    source.close();
  }
  if (task === 'events' || task === 'delay') {
    await new Promise<void>((resolve) => {
      let received = 0;
      open(`/${task}?count=${count}`, (source, event) => {
        if (task === 'delay') result.delays.push(performance.timeOrigin + performance.now() - +event.data);
        result.characters += event.data.length;
        if (++received === 10_000) mark('10,000 events');
        if (received < count && Source.name !== 'RawFetch') return;
        result.isMessageEvent = typeof MessageEvent === 'function' && event instanceof MessageEvent;
        source.close();
        resolve();
      });
    });
  } else {
    const rounds = task === 'open' ? 1 : 100;
    for (let round = 1; round <= rounds; round++) {
      const sources = await Promise.all(Array.from({ length: count }, openOne));
      if (round === 10) mark('10 rounds');
      if (round < rounds) for (const source of sources) source.close();
    }
  }
  result.time = performance.now() - start;
  return result;
}
