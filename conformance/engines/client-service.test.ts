import { spawn } from 'node:child_process';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { loadCases } from '../load-cases.ts';
import type { Report } from '../report.ts';
import { run } from '../run.ts';
import { createClientServiceEngine } from './client-service.ts';

const cases = loadCases('conformance/cases').filter(({ id }) => id === 'event-names-the-type');

/** Runs a case, or a list, on a service. */
function runOn(service: RequestListener, list = cases): Promise<Report> {
  return runOnServer(createServer(service), list, 500);
}

/** The same on a server, with the engine's own time for what a service answers unless there is a `timeout`, in ms. */
async function runOnServer(server: Server, list: typeof cases, timeout?: number): Promise<Report> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let report: Report | undefined;
  for await (const event of run({
    engines: [createClientServiceEngine(`http://127.0.0.1:${port}/`, timeout)],
    cases: list,
    expectedFailures: [],
    dist: 'dist',
    version: '0',
    standard: ''
  })) {
    if (event.type === 'report') report = event.report;
  }
  server.closeAllConnections();
  server.close();
  return report!;
}

/** A service that answers the first POST with `location`, and then sends `callbacks`, by the ends of their addresses. */
function createService(
  callbacks: [string, string][],
  more: { about?: string; onCommand?: (response: ServerResponse) => void } = {}
): RequestListener {
  return (request, response) => {
    if (request.method === 'GET') return response.end(more.about ?? '{"capabilities":[]}');
    if (request.method === 'DELETE') return response.end();
    if (request.url !== '/') return more.onCommand?.(response);
    void json(request).then(async (body) => {
      const { callbackUrl } = body as { callbackUrl: string };
      response.writeHead(201, { Location: '/1' }).end();
      for (const [number, body] of callbacks)
        await fetch(`${callbackUrl}${number}`, { method: 'POST', body }).catch(() => {});
    });
  };
}
const event = (type: string, data: string) => JSON.stringify({ kind: 'event', event: { type, data } });

/** Ends no client, and calls back for the first alone. */
function createServiceWithoutEnd(): RequestListener {
  let created = 0;
  const events: [string, string][] = ['a', 'b'].map((data, index) => [
    `/${index + 1}`,
    event(index === 0 ? 'x' : 'y', data)
  ]);
  return (request, response) => {
    if (request.method === 'DELETE') return;
    if (request.method === 'POST') created++;
    createService(created === 1 ? events : [])(request, response);
  };
}

it('services of one host are told apart by their paths', () => {
  const names = ['http://h:1/', 'http://h:1/go/', 'http://h:1/?a'].map(
    (url) => createClientServiceEngine(url).name
  );
  expect(names).toEqual(['h:1', 'h:1/go/', 'h:1/?a']);
});

describe('a service that cannot be used is named, and what it did', () => {
  it('when it is down', async () => {
    const found = await createClientServiceEngine('http://127.0.0.1:9/').find();
    expect(found).toEqual({
      missing: expect.stringMatching(
        /^the service at http:\/\/127\.0\.0\.1:9\/ cannot be reached: ./
      ) as string
    });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['answers nothing', () => {}, /did not answer GET \/ in 0\.5 s/],
    [
      'is something else',
      (_request, response) => response.writeHead(404).end(),
      /answers 404 to GET \/, not 200/
    ],
    [
      'tells garbage',
      (_request, response) => response.end('<p>\x1b[2J'),
      /no object with a list.*"<p>\\\\u\{1b\}/
    ],
    [
      'tells what is no object',
      (_request, response) => response.end('[]'),
      /no object with a list of capabilities: "\[\]"/
    ],
    [
      'tells capabilities that are none',
      (_request, response) => response.end('{"capabilities":"all"}'),
      /no object with a list/
    ]
  ])('when it %s', async (_words, service, note) => {
    const { columns } = await runOn(service);
    expect(columns).toMatchObject([{ status: 'not installed', note: expect.stringMatching(note) as string }]);
  });

  const get = (more: RequestListener): RequestListener => {
    return (request, response) => (request.method === 'GET' ? response.end() : more(request, response));
  };
  it.each<[string, RequestListener, RegExp]>([
    [
      'creates nothing',
      get((_request, response) => response.writeHead(500).end('oh')),
      /answers 500 to POST \/.*"oh"/
    ],
    ['creates without end', get(() => {}), /did not answer POST \/ in 0\.5 s/],
    ['does not say where', get((_request, response) => response.end()), /with no Location/],
    [
      'says that it is where nothing can be ended',
      get((_request, response) => response.writeHead(201, { Location: 'ftp://h/1' }).end()),
      /with the Location "ftp:\/\/h\/1"/
    ],
    [
      'lies about its capabilities',
      createService([], {
        about: '{"capabilities":["event-type-listeners"]}',
        onCommand: (response) => response.writeHead(404).end()
      }),
      /says that it has event-type-listeners, and answers 404 to the command listen/
    ],
    ['calls back garbage', createService([['/1', 'hello']]), /sent a callback that is not JSON: "hello"/],
    [
      'calls back to where nothing is',
      createService([['9/1', '{"kind":"comment"}']]),
      /sent a callback to "\d9\/1", which it was not given/
    ],
    ['calls back without a number', createService([['', '{}']]), /which has no number/],
    [
      'uses a number twice',
      createService([
        ['/1', '{"kind":"comment"}'],
        ['/1', '{"kind":"comment"}']
      ]),
      /sent a callback 1 twice/
    ],
    [
      'calls back what is no event',
      createService([['/1', '{"kind":"event","event":{"data":1}}']]),
      /not of strings/
    ]
  ])('when it %s', async (_words, service, note) => {
    const { columns, cells } = await runOn(service);
    expect(columns).toMatchObject([{ status: 'broken', note: expect.stringMatching(note) as string }]);
    expect(columns[0]!.note).toContain('the service at http://127.0.0.1:');
    expect(columns[0]!.note).toMatch(/; under way: event-names-the-type/);
    expect(cells).toMatchObject([{ verdict: 'not observed' }]);
  });
});

it('names a service that breaks off whenever it is to create a client', async () => {
  const { columns } = await runOn((request, response) => {
    if (request.method === 'GET') response.end();
    else response.destroy();
  });
  const note = expect.stringMatching(/the service at http.* cannot be reached: ./) as string;
  expect(columns).toMatchObject([{ status: 'broken', note }]);
});

it('names a service whose clients can never be ended', async () => {
  const { columns } = await runOn((request, response) => {
    if (request.method === 'DELETE') response.destroy();
    else createService([])(request, response);
  });
  const note = expect.stringMatching(/the service at http.* cannot be reached: ./) as string;
  expect(columns).toMatchObject([{ status: 'broken', note }]);
});

it('names a service that creates one client, and then fails', async () => {
  let created = 0;
  const service: RequestListener = (request, response) => {
    if (request.method === 'POST' && created++ > 0) response.writeHead(500).end('full');
    else createService([['/1', event('message', 'a')]])(request, response);
  };
  const parsing = loadCases('conformance/cases').filter(({ section }) => section === 'parsing');
  // With all lanes at once, half a second may be too little on a slow machine.
  const { columns } = await runOnServer(createServer(service), parsing);
  expect(columns[0]).toMatchObject({
    status: 'broken',
    note: expect.stringMatching(/answers 500 to POST \/, not 2xx, 100 times in a row: "full"/) as string
  });
});

it('is not broken for what it breaks off after it was started again', async () => {
  const list = loadCases('conformance/cases')
    .filter(({ section }) => section === 'fields')
    .slice(0, 12)
    .map((one, index) => ({ ...one, limit: index < 2 ? 800 : 200, chunkings: false as const }));
  const hard = list.slice(0, 2).map(({ id }) => id);
  let created = 0;
  let isAgain = false;
  setTimeout(() => (isAgain = true), 700);
  const { columns, cells } = await runOn((request, response) => {
    if (request.method === 'GET') return response.end();
    if (request.method === 'DELETE') return response.writeHead(isAgain ? 404 : 204).end();
    void json(request).then((body) => {
      const isHard = hard.some((id) => (body as { tag: string }).tag.startsWith(id));
      if (isAgain && isHard) response.destroy();
      else response.writeHead(201, { Location: `/${++created}` }).end();
    });
  }, list);
  expect(columns).toMatchObject([{ status: 'ran' }]);
  expect(
    cells.flatMap((cell) =>
      cell.runs.some(({ why }) => why?.includes('cannot be reached')) ? cell.case : []
    )
  ).toEqual(hard);
});

describe('a service with few places', () => {
  const list = loadCases('conformance/cases')
    .filter(({ section }) => section === 'fields')
    .slice(0, 80)
    .map((one) => ({ ...one, limit: 200, chunkings: false as const }));

  /** Has `places` clients at a time, and frees a place some time after it said so. Tells how many it refused, and had whenever it got one. */
  function createLimited(
    places: number,
    status: number
  ): { service: RequestListener; refused(): number; counts: number[] } {
    const counts: number[] = [];
    let held = 0;
    let created = 0;
    let refused = 0;
    return {
      counts,
      refused: () => refused,
      service(request, response) {
        if (request.method === 'GET') return response.end();
        if (request.method === 'DELETE') {
          setTimeout(() => held--, 20);
          return response.writeHead(204).end();
        }
        if (held >= places) {
          refused++;
          return response.writeHead(status).end('full');
        }
        counts.push(++held);
        response.writeHead(201, { Location: `/${++created}` }).end();
      }
    };
  }

  it.each([
    [1, 429],
    [8, 503]
  ])(
    '%i at a time, which says %i to more, is given no more, and all cases are run',
    async (places, status) => {
      const { service, refused, counts } = createLimited(places, status);
      const some = list.slice(0, 12 * places);
      const { columns, cells } = await runOnServer(createServer(service), some);
      expect(columns).toMatchObject([
        {
          status: 'ran',
          note: expect.stringMatching(
            new RegExp(`the service at http.* refused more than ${places} client`)
          ) as string
        }
      ]);
      const told = cells
        .flatMap(({ runs }) => runs)
        .filter(({ verdict, why }) => verdict === 'not observed' && /answers/.test(why!));
      expect(told).toEqual([]);
      expect(cells.length).toBe(some.length);
      // Where its place comes late, it has as many again.
      const later = counts.slice(counts.length / 2);
      expect(later.reduce((sum, one) => sum + one) / later.length).toBeGreaterThan(places / 2);
      // Those of the beginning, and where its place comes late.
      expect(refused()).toBeLessThan(30 + 2 * some.length);
    },
    30_000
  );

  it('is waited for at its start, and named if it never has one', async () => {
    const { service } = createLimited(Infinity, 503);
    const begun = Date.now();
    const slow: RequestListener = (request, response) =>
      request.method === 'POST' && Date.now() - begun < 400
        ? response.writeHead(503).end()
        : service(request, response);
    expect((await runOn(slow, list)).columns).toMatchObject([{ status: 'ran' }]);
    const { columns } = await runOn(createLimited(0, 503).service, list);
    expect(columns[0]).toMatchObject({
      status: 'broken',
      note: expect.stringMatching(/answers 503 to POST \/, not 2xx/) as string
    });
  });

  it('loses the case that alone it refuses', async () => {
    const { service } = createLimited(Infinity, 503);
    const { columns, cells } = await runOn((request, response) => {
      if (request.method !== 'POST') return service(request, response);
      void json(request).then((body) => {
        if ((body as { tag: string }).tag.startsWith(list[7]!.id)) response.writeHead(503).end();
        else service(request, response);
      });
    }, list);
    expect(columns).toMatchObject([{ status: 'ran' }]);
    const lost = cells.filter(({ runs }) => runs.some(({ why }) => why?.includes('answers 503')));
    expect(lost.map((cell) => cell.case)).toEqual([list[7]!.id]);
  });
});

it('names a service that creates no client in the time of a case', async () => {
  const service = createServer((request, response) => {
    if (request.method === 'GET') response.end();
  });
  const { columns } = await runOnServer(
    service,
    cases.map((one) => ({ ...one, limit: 300 }))
  );
  const note = expect.stringMatching(/the service at http.* did not answer POST \/ in 4\.3 s/) as string;
  expect(columns).toMatchObject([{ status: 'broken', note }]);
});

it('names a service that does not end its clients', async () => {
  const { columns } = await runOn(createServiceWithoutEnd());
  const note = expect.stringMatching(/the service at http.* did not answer DELETE \/1 in 0\.5 s/) as string;
  expect(columns).toMatchObject([{ status: 'broken', note }]);
});

it('names a service that knows none of its clients when they are to be ended, unless it has ended one', async () => {
  const told = createService([['/1', event('message', 'a')]]);
  let ended = 0;
  const createForgetful =
    (known: number): RequestListener =>
    (request, response) =>
      request.method === 'DELETE' && ++ended > known
        ? response.writeHead(404).end()
        : told(request, response);
  const list = Array.from({ length: 30 }, (_, index): (typeof cases)[number] => ({
    ...cases[0]!,
    id: `case-${index}`,
    client: {},
    until: { event: 'message' },
    expect: { events: [{ type: 'open' }, { type: 'message', data: 'a' }] }
  }));
  const runAll = (known: number) => runOnServer(createServer(createForgetful(known)), list);
  const forgetful = await runAll(0);
  const note = expect.stringMatching(
    /the service at http.* answers 404 to DELETE of each client that it created, 10 times/
  ) as string;
  expect(forgetful.columns).toMatchObject([{ status: 'broken', note }]);
  ended = 0;
  expect((await runAll(1)).columns).toMatchObject([{ status: 'ran' }]);
});

it('on Ctrl-C has its clients ended, and does not wait for a service that is slow with it', async () => {
  const [created, ended] = [new Set<string>(), new Set<string>()];
  const server = createServer((request, response) => {
    if (request.method === 'GET') return response.end();
    if (request.method === 'DELETE') return void ended.add(request.url!);
    const Location = `/${created.size + 1}`;
    created.add(Location);
    response.writeHead(201, { Location }).end();
    if (created.size === 32) setTimeout(() => suite.kill('SIGINT'), 200);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const suite = spawn(
    process.execPath,
    ['--no-warnings', 'conformance/cli.ts', 'conformance', '--client-service', `http://127.0.0.1:${port}/`],
    { stdio: 'ignore' }
  );
  const code = new Promise((resolve) => suite.once('exit', resolve));
  await expect.poll(() => ended.size, { timeout: 10_000 }).toBe(32);
  const begun = Date.now();
  expect(await code).toBe(130);
  expect(Date.now() - begun).toBeLessThan(2500);
  expect(ended).toEqual(created);
  server.closeAllConnections();
  server.close();
}, 20_000);

it('waits for the end of a client longer than for what a case showed', async () => {
  const service = createServer((request, response) => {
    if (request.method === 'DELETE') return void setTimeout(() => response.writeHead(204).end(), 4500);
    response.writeHead(request.method === 'GET' ? 200 : 201, { Location: '/1' }).end();
  });
  const { columns, cells } = await runOnServer(
    service,
    cases.map((one) => ({ ...one, limit: 300, chunkings: false }))
  );
  expect(columns).toMatchObject([{ status: 'ran' }]);
  expect(cells).toMatchObject([{ verdict: 'fail' }]);
}, 20_000);

it('does not take for late what a service is slow to end', async () => {
  const told = createService([]);
  const list = cases.map((one) => ({ ...one, limit: 100 }));
  const service: RequestListener = (request, response) =>
    request.method === 'DELETE' ? setTimeout(() => response.end(), 800) : told(request, response);
  const { cells } = await runOnServer(createServer(service), list);
  expect(cells[0]!.runs.flatMap(({ reruns = [] }) => reruns)).toEqual([]);
});

it('takes callbacks in the order of their numbers, and events of types without a listener for unheard', async () => {
  const right: [string, string][] = [
    ['/3', event('y', 'b')],
    ['/2', event('unheard', '')],
    ['/1', event('x', 'a')]
  ];
  const { cells } = await runOn(createService(right));
  expect(cells).toMatchObject([{ verdict: 'fail', runs: expect.anything() as object }]);
  expect(cells[0]!.runs[0]!.differences).toMatchObject([{ what: 'requests[0]' }]);
  expect(cells[0]!.runs[0]!.observation!.reported).toMatchObject([
    { type: 'x', data: 'a', lastEventId: '' },
    { type: 'y', data: 'b', lastEventId: '' }
  ]);
});

it('takes a list of capabilities that is null for an empty one, and tells a reconnection time', async () => {
  let told: unknown;
  const { columns } = await runOn((request, response) => {
    if (request.method === 'GET') return response.end('{"capabilities":null}');
    if (request.method === 'POST') void json(request).then((body) => (told = body));
    response.writeHead(201, { Location: '/1' }).end();
  });
  expect(columns).toMatchObject([{ status: 'ran' }]);
  expect(told).toMatchObject({ initialDelayMs: 3000 });
});

it('does not pass what it was told with a gap, and names a service of which nothing was observed', async () => {
  const { cells, columns } = await runOn(createService([['/2', event('y', 'b')]]));
  expect(columns).toMatchObject([{ status: 'broken' }]);
  expect(columns[0]!.note).toMatch(/the service at .* left out callback 1/);
  expect(cells[0]!.runs[0]).toMatchObject({
    verdict: 'not observed',
    why: expect.stringContaining('left out callback 1') as string
  });
});

describe('of a service whose connection broke off', () => {
  /** Runs three cases on one of which the service does what `onBad` says. */
  function runOnBad(onBad: (server: Server, response: ServerResponse) => void): Promise<Report> {
    const list = loadCases('conformance/cases').filter(({ id }) => /^event-names-|^event-without/.test(id));
    let created = 0;
    const server = createServer((request, response) => {
      if (request.method !== 'POST') return response.end('{"capabilities":[]}');
      void json(request).then((body) => {
        if ((body as { tag: string }).tag === 'event-names-the-type') onBad(server, response);
        else response.writeHead(201, { Location: `/${++created}` }).end();
      });
    });
    return runOnServer(
      server,
      list.map((one) => ({ ...one, limit: 300, chunkings: false }))
    );
  }

  it('after its 201, and which is back when next asked, one case alone is not observed', async () => {
    const list = loadCases('conformance/cases').filter(({ id }) => /^event-names-|^event-without/.test(id));
    let clients = new Set<string>();
    let created = 0;
    const service: RequestListener = (request, response) => {
      if (request.method === 'DELETE')
        return response.writeHead(clients.delete(request.url!) ? 204 : 404).end();
      if (request.method !== 'POST') return response.end('{"capabilities":[]}');
      void json(request).then((body) => {
        const Location = `/${++created}`;
        clients.add(Location);
        response.writeHead(201, { Location }).end();
        if ((body as { tag: string }).tag === 'event-names-the-type')
          setTimeout(() => (clients = new Set()), 50);
      });
    };
    const { columns, cells } = await runOn(
      service,
      list.map((one) => ({ ...one, limit: 300, chunkings: false }))
    );
    expect(columns).toMatchObject([{ status: 'ran' }]);
    const lost = cells.filter(({ verdict }) => verdict === 'not observed');
    expect(lost).toMatchObject([{ case: 'event-names-the-type' }]);
    expect(lost[0]!.runs[0]!.why).toMatch(/the service at .* has lost a client/);
    expect(cells.length).toBeGreaterThan(1);
  });

  it.each<[string, (server: Server, response: ServerResponse) => void]>([
    ['and which is there', (_server, response) => response.destroy()],
    [
      'and which comes back',
      (server) => {
        const { port } = server.address() as AddressInfo;
        server.closeAllConnections();
        server.close(() => setTimeout(() => server.listen(port, '127.0.0.1'), 500));
      }
    ]
  ])('%s, one case alone is not observed', async (_words, onBad) => {
    const { columns, cells } = await runOnBad(onBad);
    expect(columns).toMatchObject([{ status: 'ran' }]);
    const lost = cells.filter(({ verdict }) => verdict === 'not observed');
    expect(lost).toMatchObject([{ case: 'event-names-the-type' }]);
    expect(lost[0]!.runs[0]!.why).toMatch(/the service at .* cannot be reached/);
    expect(cells.length).toBeGreaterThan(1);
  });
});
