import { createDetail } from './html-detail.ts';
import { createElements } from './html-elements.ts';
import { createMatrix } from './html-matrix.ts';
import { expandRun } from './html-run.ts';
import { drawTotals } from './html-totals.ts';
import type { View } from './html.ts';
import { inflate } from './inflate.ts';
import { unpack, type Packed } from './pack.ts';

/**
 * Functions that are written into the page as source text: each may use nothing from outside itself but its parameters, and a bundler must
 * not keep names (esbuild's keepNames calls a helper).
 */
const parts = { inflate, unpack, expandRun, createElements, drawTotals, createMatrix, createDetail };

/** The script of the HTML report. */
export const pageScript = `(${page.toString()})({ ${Object.entries(parts)
  .map(([name, part]) => `${name}: ${part.toString()}`)
  .join(',\n')} });`;

function page(own: typeof parts): void {
  const packed = JSON.parse(own.inflate(document.getElementById('report')?.textContent ?? '')) as Packed;
  const view = own.unpack(packed) as View;
  const elements = own.createElements(view);
  const { el } = elements;
  const matrix = own.createMatrix(view, elements, open);
  const drawDetail = own.createDetail(view, elements, own.expandRun, closeDetail);
  const detail = el('aside', { class: 'detail', 'aria-label': 'Details', hidden: true });
  const work = el('div', { class: 'work' }, matrix.matrix, detail);
  document.body.append(el('main', {}, ...own.drawTotals(view, elements), matrix.filters, matrix.count, work));
  const overlay = () => window.innerWidth < 1000;

  function closeDetail(): void {
    const place = matrix.markCurrent();
    matrix.setCurrent(undefined);
    detail.hidden = true;
    work.classList.remove('open');
    document.body.classList.remove('overlaid');
    history.replaceState(null, '', location.pathname + location.search);
    matrix.markCurrent();
    focus(place);
  }

  function focus(place: HTMLElement | undefined): void {
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
    const column = c < 0 ? undefined : c;
    matrix.setCurrent(column === undefined ? { caseIndex } : { caseIndex, column });
    detail.replaceChildren(...drawDetail(caseIndex, column));
    detail.hidden = false;
    detail.scrollTop = 0;
    work.classList.add('open');
    document.body.classList.toggle('overlaid', overlay());
    const place = matrix.markCurrent();
    if (overlay()) detail.querySelector('h2')?.focus();
    else if (place) {
      focus(place);
      matrix.reveal(place);
    }
  }

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !detail.hidden) closeDetail();
  });
  window.addEventListener('hashchange', open);
  window.addEventListener('resize', () =>
    document.body.classList.toggle('overlaid', !detail.hidden && overlay())
  );
  matrix.draw();
  document.getElementById('undrawn')?.remove();
  open();
}
