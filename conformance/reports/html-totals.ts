import type { Elements } from './html-elements.ts';
import type { View } from './html.ts';

/** What was run, whether it is good, the totals of each column, and the legend. A part of the report's page (html-page.ts). */
export function drawTotals(view: View, { el, link, visible, mark, columnName }: Elements): Node[] {
  const nodes: Node[] = [];
  const { totalNames } = view;
  nodes.push(
    el('h1', {}, 'How faithful is this EventSource?'),
    el('p', { class: `conclusion ${view.conclusion.tone}` }, view.conclusion.line),
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
    nodes.push(
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
  nodes.push(
    el(
      'ul',
      { class: 'legend', 'aria-label': 'Legend' },
      ...view.outcomes.map(([outcome, { words }]) =>
        el('li', {}, mark({ outcome }), ` ${outcome}: `, el('span', { class: 'soft' }, words))
      ),
      ...view.remarks.map(([remark, { sign, words }]) =>
        el('li', {}, `${sign} ${remark}: `, el('span', { class: 'soft' }, words))
      )
    )
  );
  return nodes;
}
