import type { Packed, PackedItem } from './pack.ts';
import type { View, ViewedCell, ViewedRequest, ViewedRun } from './html.ts';

/** The script of the HTML report. It is written into the page as source text, so it may use nothing from outside itself; a bundler must not keep names (esbuild's keepNames calls a helper). */
export function page(): void {
  type Child = Node | string | number | false | null | undefined;
  type Outcome = ViewedCell['outcome'];

  const packed = JSON.parse(document.getElementById('report')?.textContent ?? '') as Packed;
  const unpacked: unknown[] = [];
  function unpack(item: PackedItem): unknown {
    return typeof item === 'number'
      ? (unpacked[item] ??= build(packed.values[item] as PackedItem))
      : build(item);
  }
  function build(item: PackedItem): unknown {
    if (!Array.isArray(item)) return item;
    const items = item.slice(1).map(unpack);
    const shape = packed.shapes[item[0] as number];
    return shape ? Object.fromEntries(shape.map((key, i) => [key, items[i]])) : items;
  }
  const view = unpack(0) as View;

  interface ShownRequest extends ViewedRequest {
    at: number;
    headers: [name: string, value: string][];
    moments: { at: number; write?: ViewedRequest['writes'][number]; what?: string }[];
  }

  /** Puts names and times back. */
  function expand(id: string, run: ViewedRun) {
    const play = run.chunking === 'as-written' ? id : `${id}@${run.chunking}`;
    const names = run.hosts.length ? [`{token}/${play}`, ...run.hosts] : [];
    const restore = (item: unknown): unknown => {
      if (typeof item === 'string') {
        return item.replace(/[\ue000-\ue009]/g, (mark) => names[mark.charCodeAt(0) - 0xe000] ?? mark);
      }
      if (Array.isArray(item)) return item.map(restore);
      if (typeof item !== 'object' || item === null) return item;
      return Object.fromEntries(Object.entries(item).map(([key, each]) => [key, restore(each)]));
    };
    const { observation, requests, headers, times, ...rest } = restore(run) as ViewedRun;
    const all = times.split(' ').filter(Boolean);
    let before = 0;
    const next = (): number | null => {
      const time = all.shift() ?? '-';
      return time === '-' ? null : (before += parseInt(time, 36)) / 10;
    };
    const over = observation ? next() : null;
    const events = observation?.events.map((event) => ({ at: next() as number, ...event }));
    before = 0;
    return {
      ...rest,
      observation: observation && { ...observation, at: over as number, events: events as object[] },
      requests: requests?.map((request, i): ShownRequest => {
        const at = next() as number;
        const moments: ShownRequest['moments'] = [
          ...request.writes.map((write) => ({ at: next(), write })),
          { at: next(), what: 'end of the connection’s script' },
          { at: next(), what: 'closed' }
        ].filter((moment): moment is typeof moment & { at: number } => moment.at !== null);
        return { ...request, at, headers: headers?.[i] ?? [], moments };
      })
    };
  }

  const signs = new Map(view.outcomes.map(([outcome, { sign }]) => [outcome, sign]));

  /** What would be invisible, reorder its surroundings or be no valid text becomes an escape. */
  function readable(text: string): string {
    return text.replace(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`
    );
  }

  function el<K extends keyof HTMLElementTagNameMap>(
    name: K,
    attributes: Record<string, string | number | boolean | undefined>,
    ...children: Child[]
  ): HTMLElementTagNameMap[K] {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === false) continue;
      element.setAttribute(key, value === true ? '' : readable(String(value)));
    }
    for (const child of children) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : readable(String(child)));
    }
    return element;
  }

  function link(url: string | undefined, text: string): Node {
    return url ? el('a', { href: url, rel: 'noreferrer' }, text) : document.createTextNode(readable(text));
  }

  /**
   * Shows what cannot be seen. `bytes`: one character is one byte, and bytes above 7F are written as such. `json`: its escapes stay as they are.
   */
  function visible(text: string, kind: 'text' | 'bytes' | 'json' = 'text', limit = 6000): HTMLElement {
    const code = el('code', {});
    const shown = text.slice(0, limit);
    const hidden = {
      text: /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\xa0]/gu,
      bytes: /[^\x20-\x5b\x5d-\x7e]/gu,
      json: /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\xa0]/gu
    }[kind];
    let last = 0;
    for (const match of shown.matchAll(hidden)) {
      const point = match[0].codePointAt(0) as number;
      const hex = point.toString(16).toUpperCase();
      const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
      const escape =
        named[match[0]] ??
        (point < 0x100
          ? `\\x${hex.padStart(2, '0')}`
          : point < 0x10000
            ? `\\u${hex.padStart(4, '0')}`
            : `\\u{${hex}}`);
      code.append(shown.slice(last, match.index), el('span', { class: 'escape' }, escape));
      last = match.index + match[0].length;
    }
    code.append(shown.slice(last));
    if (text.length > limit) {
      code.append(el('span', { class: 'soft' }, ` … ${text.length - limit} more`));
    }
    return code;
  }

  function shown(value: unknown): Node {
    if (value === undefined) return el('span', { class: 'soft' }, '—');
    if (typeof value !== 'string') return el('code', {}, ...visibleJson(JSON.stringify(value)));
    const code = visible(value);
    code.prepend(el('span', { class: 'soft' }, '"'));
    code.append(el('span', { class: 'soft' }, '"'));
    return code;
  }

  function mark(cell: ViewedCell | { outcome: Outcome; unexpected?: boolean }): HTMLElement {
    const name = cell.outcome.replace(' ', '-');
    return el(
      'span',
      { class: `mark ${name}${cell.unexpected ? ' unexpected' : ''}`, 'aria-hidden': 'true' },
      signs.get(cell.outcome) + (cell.unexpected && cell.outcome !== 'unexpected pass' ? '!' : '')
    );
  }

  function table(head: string[], rows: Child[][], attributes: Record<string, string> = {}): HTMLElement {
    return el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': head.join(', ') },
      el(
        'table',
        attributes,
        el('thead', {}, el('tr', {}, ...head.map((name) => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell)))))
      )
    );
  }

  function facts(entries: [string, Child][]): HTMLElement {
    return el(
      'dl',
      { class: 'facts' },
      ...entries
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])
    );
  }

  function source(title: string, value: unknown): Node | null {
    if (value === undefined) return null;
    const code = el('code', {});
    JSON.stringify(value, null, 2)
      .split('\n')
      .forEach((line, i) => code.append(i ? '\n' : '', ...visibleJson(line)));
    return el('details', {}, el('summary', {}, title), el('pre', {}, code));
  }
  function visibleJson(line: string): Node[] {
    return line
      .split(/([\p{Cc}\p{Cf}\p{Zl}\p{Zp}])/u)
      .map((part, i) =>
        i % 2
          ? el(
              'span',
              { class: 'escape' },
              `\\u${(part.codePointAt(0) as number).toString(16).padStart(4, '0')}`
            )
          : document.createTextNode(part)
      );
  }

  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const columnName = (c: number) => {
    const column = view.columns[c];
    return column ? `${column.place}/${column.implementation}` : '';
  };
  const addressOf = (caseIndex: number, c?: number) => {
    const column = c === undefined ? undefined : view.columns[c];
    return (
      '#' +
      [view.cases[caseIndex]?.case.id ?? '', ...(column ? [column.place, column.implementation] : [])]
        .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd')))
        .join('/')
    );
  };

  // Headline

  const { totalNames } = view;
  const main = el('main', {});
  document.body.append(main);
  main.append(
    el('h1', {}, 'How faithful is this EventSource?'),
    el('p', { class: `conclusion ${view.conclusion.isGood ? 'good' : 'bad'}` }, view.conclusion.line),
    el(
      'p',
      { class: 'soft' },
      `truesource ${view.truesource}, ${view.cases.length} cases read against `,
      link('https://html.spec.whatwg.org/multipage/server-sent-events.html', 'the HTML standard'),
      ` (whatwg/html ${view.standard.slice(0, 12)}), run on ${view.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')} on ${view.host} in ${(view.duration / 1000).toFixed(1)} s.`
    ),
    el('p', { class: 'soft' }, 'Run it yourself: ', el('code', {}, 'npm ci && npm start')),
    el(
      'details',
      { open: true },
      el('summary', {}, 'Totals'),
      el(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Totals' },
        el(
          'table',
          { class: 'totals' },
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              el('th', { scope: 'col' }, 'Engine'),
              el('th', { scope: 'col' }, 'Implementation'),
              ...totalNames.map((name) => el('th', { scope: 'col', class: 'number' }, name)),
              el('th', { scope: 'col', class: 'number' }, 'time')
            )
          ),
          el(
            'tbody',
            {},
            ...view.columns.map((column) => {
              const any = totalNames.some((name) => column.totals[name]);
              return el(
                'tr',
                {},
                el(
                  'th',
                  { scope: 'row' },
                  column.place,
                  column.version !== undefined && el('span', { class: 'soft' }, ` ${column.version}`)
                ),
                el('td', {}, column.implementation),
                ...(any || column.status === 'ran'
                  ? totalNames.map((name) => {
                      const n = column.totals[name];
                      const bad = name === 'unexpected' && n > 0;
                      return el('td', { class: `number${bad ? ' bad' : n ? '' : ' zero'}` }, n);
                    })
                  : [
                      el(
                        'td',
                        { colspan: totalNames.length },
                        el('strong', {}, column.status),
                        column.note !== undefined && ': ',
                        column.note !== undefined && visible(column.note)
                      )
                    ]),
                el(
                  'td',
                  { class: 'number' },
                  column.duration !== undefined && `${(column.duration / 1000).toFixed(1)} s`
                )
              );
            })
          )
        )
      ),
      ...view.columns
        .map((column, c) => ({ column, c }))
        .filter(({ column }) => column.status === 'broken' && totalNames.some((name) => column.totals[name]))
        .map(({ column, c }) =>
          el('p', {}, el('strong', {}, `${columnName(c)} is broken: `), visible(column.note ?? ''))
        )
    )
  );
  if (view.stale.length) {
    main.append(
      el('h3', {}, 'Expected failures that no run confirmed'),
      el(
        'ul',
        {},
        ...view.stale.map((line) =>
          el(
            'li',
            {},
            el('code', {}, `${line.place}/${line.implementation} ${line.case}`),
            `: ${line.reason}`
          )
        )
      )
    );
  }
  main.append(
    el(
      'ul',
      { class: 'legend', 'aria-label': 'Legend' },
      ...view.outcomes.map(([outcome, { words }]) =>
        el('li', {}, mark({ outcome }), ` ${outcome}: `, el('span', { class: 'soft' }, words))
      )
    )
  );

  // Filters

  const places = [...new Set(view.columns.map((column) => column.place))];
  const onlyDifferences = el('input', { type: 'checkbox' });
  const engineChoice = el(
    'select',
    {},
    el('option', { value: '' }, 'all'),
    ...places.map((place) => el('option', { value: place }, place))
  );
  const outcomeChoice = el(
    'select',
    {},
    el('option', { value: '' }, 'all'),
    ...view.outcomes.map(([outcome]) => el('option', { value: outcome }, outcome)),
    el('option', { value: 'unexpected' }, 'unexpected'),
    el('option', { value: 'flaky' }, 'flaky')
  );
  const search = el('input', { type: 'search', placeholder: 'id, title or clause' });
  const count = el('p', { class: 'soft', role: 'status' });
  const filters = el(
    'form',
    { class: 'filters', role: 'search' },
    el('label', { class: 'check' }, onlyDifferences, 'Only differences'),
    el('label', {}, 'Engine', engineChoice),
    el('label', {}, 'Verdict', outcomeChoice),
    el('label', { class: 'search' }, 'Search', search)
  );
  const matrix = el('div', {
    class: 'matrix scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Cases by implementation'
  });
  const detail = el('aside', { class: 'detail', 'aria-label': 'Details', hidden: true });
  const work = el('div', { class: 'work' }, matrix, detail);
  main.append(filters, count, work);

  let buttons: (HTMLButtonElement | null)[][] = [];
  let rows: HTMLTableRowElement[] = [];
  let current: { caseIndex: number; column?: number } | undefined;

  const isAsExpected = ({ outcome, runs: [run] }: ViewedCell) =>
    (outcome === 'pass' && !run?.flaky) || outcome === 'unsupported';

  function drawMatrix(): void {
    const columns = view.columns
      .map((_, c) => c)
      .filter((c) => !engineChoice.value || view.columns[c]?.place === engineChoice.value);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = (caseIndex: number) => {
      const each = view.cases[caseIndex];
      if (!each) return false;
      const text = `${each.case.id} ${each.case.title} ${each.case.spec}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) return false;
      const cells = columns.flatMap((c) => each.cells[c] ?? []);
      if (onlyDifferences.checked && cells.every(isAsExpected)) return false;
      const outcome = outcomeChoice.value;
      return (
        !outcome ||
        cells.some((cell) =>
          outcome === 'unexpected'
            ? cell.unexpected
            : outcome === 'flaky'
              ? cell.runs.some(({ flaky }) => flaky)
              : cell.outcome === outcome
        )
      );
    };
    const startsGroup = (c: number) => view.columns[c]?.place !== view.columns[c - 1]?.place;
    const group = (c: number) => (startsGroup(c) ? 'group' : undefined);
    buttons = [];
    rows = [];
    let number = 0;

    const bodies = view.sections.map((section) => {
      const cases = section.cases.filter(wanted);
      if (!cases.length) return null;
      return el(
        'tbody',
        {},
        el(
          'tr',
          { class: 'section' },
          el('th', { scope: 'rowgroup' }, section.name),
          ...columns.map((c) => {
            const { passed, applicable } = section.counts[c] ?? { passed: 0, applicable: 0 };
            return el(
              'td',
              { class: `${group(c) ?? ''}${passed < applicable ? ' less' : ''}` },
              applicable ? `${passed}/${applicable}` : ''
            );
          })
        ),
        ...cases.map((caseIndex) => {
          const each = view.cases[caseIndex] as View['cases'][number];
          const line: (HTMLButtonElement | null)[] = [];
          const row = el(
            'tr',
            { 'data-case': caseIndex },
            el(
              'th',
              { scope: 'row' },
              el('a', { href: addressOf(caseIndex), title: each.case.title, tabindex: -1 }, each.case.id)
            ),
            ...columns.map((c) => {
              const cell = each.cells[c];
              if (!cell) {
                line.push(null);
                return el('td', { class: group(c) });
              }
              const button = el(
                'button',
                {
                  type: 'button',
                  tabindex: -1,
                  'data-column': c,
                  'data-row': number,
                  'data-place': line.length,
                  'aria-label': `${each.case.id}, ${columnName(c)}: ${cell.outcome}${cell.unexpected ? ', unexpected' : ''}`
                },
                mark(cell)
              );
              line.push(button);
              return el('td', { class: group(c) }, button);
            })
          );
          buttons.push(line);
          rows.push(row);
          number++;
          return row;
        })
      );
    });

    const spans: { place: string; columns: number[] }[] = [];
    for (const c of columns) {
      const place = view.columns[c]?.place ?? '';
      const last = spans.at(-1);
      if (last?.place === place) last.columns.push(c);
      else spans.push({ place, columns: [c] });
    }
    const head = el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { rowspan: 2, scope: 'col', class: 'corner' }, 'Case'),
        ...spans.map((span) =>
          el('th', { colspan: span.columns.length, scope: 'colgroup', class: 'group' }, span.place)
        )
      ),
      el(
        'tr',
        {},
        ...columns.map((c) => {
          const column = view.columns[c] as View['columns'][number];
          return el(
            'th',
            { scope: 'col', class: group(c), title: column.note },
            column.implementation,
            column.status !== 'ran' && el('div', { class: 'soft' }, column.status)
          );
        })
      )
    );
    matrix.replaceChildren(
      el('table', {}, head, ...bodies.filter((body) => body !== null)),
      ...(number ? [] : [el('p', { class: 'none' }, 'No case fits these filters.')])
    );
    count.textContent = `${number} of ${view.cases.length} cases. Arrow keys move between cells, Enter opens one.`;
    const first = buttons.flat().find((button) => button !== null);
    if (first) first.tabIndex = 0;
    markCurrent();
  }

  function markCurrent(): HTMLElement | undefined {
    matrix.querySelectorAll('[aria-current]').forEach((each) => each.removeAttribute('aria-current'));
    rows.forEach((row) => row.classList.remove('current'));
    if (!current) return undefined;
    const { caseIndex, column } = current;
    const row = rows.find((each) => each.dataset['case'] === String(caseIndex));
    row?.classList.add('current');
    const button = column === undefined ? null : row?.querySelector<HTMLElement>(`[data-column="${column}"]`);
    if (button) {
      button.setAttribute('aria-current', 'true');
      makeTabbable(button);
    }
    return button ?? row;
  }

  function makeTabbable(button: HTMLElement): void {
    matrix.querySelectorAll<HTMLElement>('button[tabindex="0"]').forEach((each) => (each.tabIndex = -1));
    button.tabIndex = 0;
  }

  matrix.addEventListener('keydown', (event) => {
    const from = (event.target as HTMLElement).closest<HTMLElement>('button[data-row]');
    if (!from) return;
    const steps: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1]
    };
    const step = steps[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    let row = Number(from.dataset['row']) + step[0];
    let place = Number(from.dataset['place']) + step[1];
    while (buttons[row] && place in (buttons[row] as unknown[])) {
      const next = buttons[row]?.[place];
      if (next) {
        makeTabbable(next);
        next.focus({ preventScroll: true });
        reveal(next);
        return;
      }
      row += step[0];
      place += step[1];
    }
  });

  /** scrollIntoView would leave the element under the sticky headers. */
  function reveal(element: HTMLElement): void {
    const box = element.getBoundingClientRect();
    const row = (element.closest('tr') ?? element).getBoundingClientRect();
    const frame = matrix.getBoundingClientRect();
    const head = matrix.querySelector('thead')?.getBoundingClientRect().height ?? 0;
    const side = matrix.querySelector('tbody th')?.getBoundingClientRect().width ?? 0;
    const into = (start: number, end: number, from: number, to: number) =>
      start < from ? start - from : end > to ? Math.min(end - to, start - from) : 0;
    matrix.scrollBy(
      element.matches('tr') ? 0 : into(box.left, box.right, frame.left + side + 8, frame.right - 16),
      into(row.top, row.bottom, frame.top + head + 40, frame.bottom - 24)
    );
    // The matrix may begin low in the window, or end above it.
    const now = (element.closest('tr') ?? element).getBoundingClientRect();
    if (now.top < 0 || now.bottom > window.innerHeight) matrix.scrollIntoView();
  }

  matrix.addEventListener('click', (event) => {
    const button = (event.target as HTMLElement).closest<HTMLElement>('button[data-row]');
    const row = button?.closest('tr');
    if (!button || !row) return;
    const address = addressOf(Number(row.dataset['case']), Number(button.dataset['column']));
    if (location.hash === address) open();
    else location.hash = address;
  });

  filters.addEventListener('submit', (event) => event.preventDefault());
  filters.addEventListener('input', drawMatrix);
  filters.addEventListener('change', drawMatrix);

  // Detail

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

  function drawRequest(request: ShownRequest, number: number): Node {
    const moments = request.moments.map(({ at, write, what }): [number, Node] => [
      at,
      el(
        'span',
        { class: what && 'soft' },
        what,
        write && el('span', { class: 'boundary' }, visible(write.bytes, 'bytes')),
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

  function drawDetail(caseIndex: number, c: number | undefined): Node[] {
    const { case: each, specUrl, cells } = view.cases[caseIndex] as View['cases'][number];
    const cell = c === undefined ? undefined : (cells[c] ?? undefined);
    const column = c === undefined ? undefined : view.columns[c];
    const run = cell?.runs[0] && expand(each.id, cell.runs[0]);
    const { observation, requests } = run ?? {};
    const close = el('button', { type: 'button', class: 'close' }, 'Close');
    close.addEventListener('click', closeDetail);

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
          el('strong', {}, cell.outcome + (cell.unexpected ? ', unexpected' : '')),
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
        [
          'flaky',
          run?.flaky &&
            `${run.flaky.seen.join(', ')}: ${run.flaky.explanation ?? 'nothing explains the difference'}`
        ],
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
              other
                ? el('span', {}, mark(other), ` ${other.outcome}${other.unexpected ? ', unexpected' : ''}`)
                : (view.columns[i]?.status ?? '')
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
          'Times are since the first request arrived. Each line is one write; HTTP framing is included. {token} was another in each run.'
        ),
        ...(requests.length ? requests.map(drawRequest) : [el('p', {}, 'No request arrived.')])
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
              differences(expand(each.id, other)) ?? other.why ?? 'none'
            ])
        )
      );
    }
    parts.push(
      el('h3', {}, 'The case'),
      source('Connections: what the server is told to play', each.connections),
      source('Client: what the page does', each.client),
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
  }

  const overlay = () => window.innerWidth < 1000;

  function closeDetail(): void {
    const place = markCurrent();
    current = undefined;
    detail.hidden = true;
    work.classList.remove('open');
    document.body.classList.remove('overlaid');
    history.replaceState(null, '', location.pathname + location.search);
    markCurrent();
    (place?.matches('button') ? place : place?.querySelector('a'))?.focus();
  }

  function open(): void {
    let names: string[];
    try {
      names = location.hash.slice(1).split('/').map(decodeURIComponent);
    } catch {
      return;
    }
    const caseIndex = view.cases.findIndex((each) => each.case.id === names[0]);
    if (caseIndex < 0) return;
    const c = view.columns.findIndex(
      (column) => column.place === names[1] && column.implementation === names[2]
    );
    current = c < 0 ? { caseIndex } : { caseIndex, column: c };
    detail.replaceChildren(...drawDetail(caseIndex, current.column));
    detail.hidden = false;
    detail.scrollTop = 0;
    work.classList.add('open');
    document.body.classList.toggle('overlaid', overlay());
    const place = markCurrent();
    if (overlay()) detail.querySelector('h2')?.focus();
    else if (place) reveal(place);
  }

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !detail.hidden) closeDetail();
  });
  window.addEventListener('hashchange', open);
  window.addEventListener('resize', () =>
    document.body.classList.toggle('overlaid', !detail.hidden && overlay())
  );
  drawMatrix();
  open();
}
