import type { Elements } from './html-elements.ts';
import type { View, ViewedCell } from './html.ts';

/** A case, and a column if it is that of one cell. */
interface Place {
  caseIndex: number;
  column?: number;
}

/**
 * The filters, and the matrix of the cases that pass them. A cell is opened by its address; `onOpen` is called where that is there already.
 * A part of the report's page (html-page.ts).
 */
export function createMatrix(
  view: View,
  { el, mark, describe, columnName, addressOf }: Elements,
  onOpen: () => void
) {
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
    ...['unexpected', ...view.remarks.map(([remark]) => remark)].map((name) =>
      el('option', { value: name }, name)
    )
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

  let buttons: (HTMLButtonElement | null)[][] = [];
  let rows: HTMLTableRowElement[] = [];
  let current: Place | undefined;

  const isAsExpected = ({ outcome, remarks }: ViewedCell) =>
    (outcome === 'pass' && remarks.every((remark) => remark === 'run again')) || outcome === 'unsupported';

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
            : [cell.outcome, ...cell.remarks].some((name) => name === outcome)
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
                  'aria-label': `${each.case.id}, ${columnName(c)}: ${describe(cell)}`
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
    if (location.hash === address) onOpen();
    else location.hash = address;
  });

  filters.addEventListener('submit', (event) => event.preventDefault());
  filters.addEventListener('input', drawMatrix);
  filters.addEventListener('change', drawMatrix);

  return {
    filters,
    count,
    matrix,
    draw: drawMatrix,
    setCurrent(place: Place | undefined) {
      current = place;
    },
    /** Marks what is current, and answers its cell, or its row. */
    markCurrent,
    reveal
  };
}
