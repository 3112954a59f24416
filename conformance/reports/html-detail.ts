import type { Case } from '../case.ts';
import type { Child, Elements } from './html-elements.ts';
import type { expandRun as ExpandRun, ShownRequest, ViewedRun } from './html-run.ts';
import type { View, ViewedCell } from './html.ts';

/** Draws a cell, or a case in all columns: what was expected, what was observed, and the bytes. A part of the report's page (html-page.ts). */
export function createDetail(
  view: View,
  { el, link, visible, shown, mark, describe, table, facts, source, ms, columnName, addressOf }: Elements,
  expandRun: typeof ExpandRun,
  onClose: () => void
) {
  type Outcome = ViewedCell['outcome'];
  const eventKeys = [
    'at',
    'type',
    'data',
    'dataLength',
    'lastEventId',
    'origin',
    'readyState',
    'kind',
    'target',
    'currentTarget',
    'eventPhase',
    'bubbles',
    'cancelable',
    'isTrusted'
  ];

  const ends: Record<string, string> = {
    close: ': of the body, as it should, and of the connection',
    cut: ': of the connection, and the body is cut short',
    reset: ': TCP reset'
  };

  function eventsTable(events: object[]): Node {
    if (!events.length) return el('p', {}, 'No events.');
    const keys = eventKeys.filter((key) => events.some((event) => key in event));
    return table(
      ['#', ...keys.map((key) => (key === 'at' ? 'at (ms)' : key))],
      events.map((event, i) => [i, ...keys.map((key) => shown((event as Record<string, unknown>)[key]))]),
      { class: 'events' }
    );
  }

  function differences(run: Pick<ViewedRun, 'differences'>): Node | null {
    if (!run.differences.length) return null;
    return table(
      ['what', 'expected', 'observed'],
      run.differences.map(({ what, expected, observed }) => [
        el('code', { class: 'what' }, what),
        visible(expected, 'json'),
        visible(observed, 'json')
      ])
    );
  }

  function drawExpectation(expectation: View['cases'][number]['case']['expect']): Node {
    const { events, requests, ...rest } = expectation;
    return el(
      'div',
      {},
      facts(Object.entries(rest).map(([key, value]) => [key, shown(value)])),
      events && el('h5', {}, `Events (${events.length})`),
      events && eventsTable(events),
      requests && el('h5', {}, `Requests (${requests.length})`),
      requests &&
        table(
          ['#', 'expected'],
          requests.map((request, i) => [i, shown(request)])
        )
    );
  }

  /** The lines of a head below one another. */
  function drawWrite(bytes: string): Node {
    const head = /^HTTP\/[\d.]+ [^]*?\r\n\r\n/.exec(bytes)?.[0] ?? '';
    const lines = [...(head.match(/[^]*?\r\n/g) ?? []), bytes.slice(head.length)].filter(Boolean);
    return el(
      'div',
      {},
      ...lines.map((line) => el('div', {}, el('span', { class: 'boundary' }, visible(line, 'bytes'))))
    );
  }

  function drawRequest(request: ShownRequest, number: number, { connections }: Case): Node {
    const { connection } = request;
    const script =
      connection === null ? undefined : connections[Math.min(connection, connections.length - 1)];
    const moments = request.moments.map(({ at, write, what }): [number, Node] => [
      at,
      el(
        'div',
        { class: what && 'soft' },
        what,
        what === 'end' && ends[script?.end ?? ''],
        write && drawWrite(write.bytes),
        write?.length !== undefined &&
          el('span', { class: 'soft' }, ` the first ${write.bytes.length} of ${write.length} bytes`)
      )
    ]);
    return el(
      'div',
      { class: 'request' },
      el(
        'h4',
        {},
        `Request ${number + 1} at ${ms(request.at)}: `,
        visible(`${request.method} ${request.target} HTTP/${request.httpVersion}`, 'bytes')
      ),
      el(
        'p',
        { class: 'soft' },
        'to ',
        visible(request.origin, 'bytes'),
        request.connection === null
          ? ', a preflight or a request after the last connection'
          : `, answered with connection ${request.connection}`
      ),
      el(
        'details',
        {},
        el('summary', {}, `${request.headers.length} headers`),
        table(
          ['name', 'value'],
          request.headers.map(([name, value]) => [visible(name, 'bytes'), visible(value, 'bytes')])
        )
      ),
      moments.length
        ? table(
            ['ms', 'bytes of each write, as the server wrote them'],
            moments.map(([at, what]) => [el('span', { class: 'time' }, at.toFixed(1)), what]),
            { class: 'writes' }
          )
        : el('p', {}, 'Nothing was written.')
    );
  }

  return function drawDetail(caseIndex: number, c: number | undefined): Node[] {
    const { case: each, specUrl, cells } = view.cases[caseIndex] as View['cases'][number];
    const cell = c === undefined ? undefined : (cells[c] ?? undefined);
    const column = c === undefined ? undefined : view.columns[c];
    const run = cell?.runs[0] && expandRun(each.id, cell.runs[0]);
    const { observation, requests } = run ?? {};
    const close = el('button', { type: 'button', class: 'close' }, 'Close');
    close.addEventListener('click', onClose);

    const parts: (Node | null | undefined | false)[] = [
      el(
        'header',
        {},
        el('div', {}, el('h2', { tabindex: -1 }, each.title), el('p', {}, el('code', {}, each.id))),
        close
      ),
      cell &&
        el(
          'p',
          {},
          mark(cell),
          ' ',
          el('strong', {}, describe(cell)),
          ` in ${columnName(c as number)}`,
          column?.version !== undefined && ` (${column.version})`
        ),
      column &&
        !cell &&
        el(
          'p',
          {},
          `${columnName(c as number)}: `,
          el('strong', {}, column.status),
          `. ${column.note ?? ''}`
        ),
      facts([
        ['clause', link(specUrl, each.spec)],
        [
          'level',
          {
            must: 'must: the standard says so',
            should: 'should: the standard recommends it',
            may: 'may: the standard leaves it free'
          }[each.level]
        ],
        ['requires', each.requires?.join(', ')],
        ...(cell?.runs ?? []).flatMap(({ chunking, remarks }) =>
          remarks.map((text): [string, Child] => ['remark', `${chunking}: ${text}`])
        ),
        ['why', run?.why !== undefined && run.why !== '' ? visible(run.why) : null],
        [
          'known reason',
          cell?.expectedFailure &&
            el(
              'span',
              {},
              cell.expectedFailure.reason,
              ' (',
              link(cell.expectedFailure.clauseUrl, cell.expectedFailure.clause),
              ')'
            )
        ]
      ]),
      c === undefined &&
        table(
          ['implementation', 'verdict'],
          view.columns.map((_, i) => {
            const other = cells[i];
            return [
              el('a', { href: addressOf(caseIndex, i) }, columnName(i)),
              other ? el('span', {}, mark(other), ` ${describe(other)}`) : (view.columns[i]?.status ?? '')
            ];
          })
        )
    ];

    if (run) {
      const list = differences(run);
      parts.push(
        el('h3', {}, `Expected and observed (chunking: ${run.chunking})`),
        list ?? el('p', {}, 'No differences.')
      );
    }
    const expected = el('section', {}, el('h4', {}, 'Expected'), drawExpectation(each.expect));
    for (const alternative of each.alternatives ?? []) {
      const { reason, ...expectation } = alternative;
      expected.append(
        el('details', {}, el('summary', {}, `Also allowed: ${reason}`), drawExpectation(expectation))
      );
    }
    if (cell) {
      const observed = el('section', {}, el('h4', {}, 'Observed'));
      if (observation) {
        const { events, log, at, over, ...rest } = observation;
        observed.append(
          facts([
            ...Object.entries(rest).map(([key, value]): [string, Child] => [key, shown(value)]),
            ['log', log.length ? shown(log) : null],
            ['over', `${over}, ${ms(at)} after construction`]
          ]),
          el('h5', {}, `Events (${events.length})`),
          eventsTable(events)
        );
      } else observed.append(el('p', {}, 'Nothing was recorded.'));
      parts.push(el('div', { class: 'beside' }, expected, observed));
    } else parts.push(expected);

    if (requests) {
      parts.push(
        el('h3', {}, 'Requests and bytes on the wire'),
        el(
          'p',
          { class: 'soft' },
          'Times are since the first request arrived. Each row is one write; HTTP framing is included. {token} was another in each run.'
        ),
        ...(requests.length
          ? requests.map((request, i) => drawRequest(request, i, each))
          : [el('p', {}, 'No request arrived.')])
      );
    }
    if (cell && cell.runs.length > 1) {
      parts.push(
        el('h3', {}, 'Other chunkings of the same bytes'),
        table(
          ['chunking', 'verdict', 'differences'],
          cell.runs
            .slice(1)
            .map((other) => [
              other.chunking,
              el('span', {}, mark({ outcome: other.verdict as Outcome }), ` ${other.verdict}`),
              differences(expandRun(each.id, other)) ?? other.why ?? 'none'
            ])
        )
      );
    }
    const { script, ...client } = each.client ?? {};
    parts.push(
      el('h3', {}, 'The case'),
      script !== undefined &&
        el('h4', {}, 'Script: body of a function (EventSource, url, log, done, observe, env)'),
      script !== undefined && el('pre', {}, visible([script].flat().join('\n'), 'lines')),
      source('Connections: what the server is told to play', each.connections),
      source('Client: what the page does', Object.keys(client).length ? client : undefined),
      source('Whole case as JSON', each)
    );
    if (cell) {
      parts.push(
        el('p', {}, el('a', { href: addressOf(caseIndex) }, 'This case in all implementations')),
        el(
          'p',
          { class: 'soft' },
          'Run it alone: ',
          el(
            'code',
            {},
            `npm start -- --case ${each.id} --engine ${column?.engine} --implementation ${column?.implementation}${column?.global ? ` --global ${column.global.replace(' ', '-')}` : ''}`
          )
        )
      );
    }
    return parts.filter((part) => part instanceof Node);
  };
}
