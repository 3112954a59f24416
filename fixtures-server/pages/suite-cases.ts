import { append, byId, collect, each, el, fill, toggle, type Child } from './suite-dom.ts';
import { drawResult } from './suite-result.ts';
import { ask } from './suite-server.ts';
import { columnsShown, countDiffering, differs, nameOf, page, sectionNames } from './suite-state.ts';
import type { ShownResult, VisitState } from './visit.ts';

// The table of the cases in the page of the suite, and one result on demand. ES5.

let showsAll = true;
let openCell: { row: number; column: number } | null = null;

/** Before the first result of a run. */
export function showAllCases(): void {
  openCell = null;
  showsAll = true;
}

/** At the end of a run: what somebody reads, or has the focus in, stays where it is. */
export function showDifferingCases(): void {
  if (!openCell && !byId('cases').contains(document.activeElement)) showsAll = countDiffering() === 0;
}

/** Rows are drawn anew only if there are others: a button that has the focus would lose it. */
export function drawResults(results: VisitState['results']): void {
  const rows = byId('cases').querySelectorAll('tbody tr[id^="row-"]').length;
  if (rows !== (showsAll ? page.catalogue.cases.length : countDiffering())) return drawCases();
  drawLegend();
  drawFilter();
  each(results, function (result) {
    drawCell(result[0], result[1]);
  });
}

/** What occurs, in words. */
function drawLegend(): void {
  const items: Child[] = [];
  each(page.catalogue.outcomes, function (outcome) {
    let occurs = false;
    each(page.outcomes, function (row) {
      if (row.indexOf(outcome[0]) >= 0) occurs = true;
    });
    if (!occurs) return;
    items.push(el('li', {}, [drawOutcome(outcome[0]), ' ' + outcome[0] + ': ' + outcome[1].words]));
  });
  each(page.catalogue.remarks, function (remark) {
    let occurs = false;
    each(page.remarks, function (row) {
      each(row, function (cell) {
        if (cell && cell.indexOf(remark[0]) >= 0) occurs = true;
      });
    });
    if (occurs) items.push(el('li', {}, [remark[1].sign + ' ' + remark[0] + ': ' + remark[1].words]));
  });
  fill(byId('legend'), items);
  toggle(byId('legend'), items.length > 0);
}

function drawFilter(): void {
  toggle(byId('filter'), page.state !== null);
  (byId('differing') as HTMLInputElement).checked = !showsAll;
  (byId('all') as HTMLInputElement).checked = showsAll;
  fill(byId('differing-label'), ['What is not as the standard says (' + countDiffering() + ')']);
  fill(byId('all-label'), ['All cases (' + page.catalogue.cases.length + ')']);
}

export function drawCases(): void {
  drawLegend();
  drawFilter();
  const columns = columnsShown();
  const bodies: Child[] = [];
  each(sectionNames(), function (section) {
    const rows: Child[] = [];
    each(page.catalogue.cases, function (one, row) {
      if (one.section !== section || !(showsAll || differs(row))) return;
      const cells: Child[] = [el('th', { scope: 'row', title: one.id }, [one.title])];
      each(columns, function (_name, c) {
        cells.push(el('td', { id: 'cell-' + row + '-' + c }, [drawMark(row, c)]));
      });
      rows.push(el('tr', { id: 'row-' + row }, cells));
    });
    if (rows.length === 0) return;
    bodies.push(
      el(
        'tbody',
        {},
        (
          [
            el('tr', { class: 'section' }, [
              el('th', { scope: 'rowgroup', colspan: columns.length + 1 }, [section])
            ])
          ] as Child[]
        ).concat(rows)
      )
    );
  });
  fill(byId('cases'), [
    el('thead', {}, [
      el(
        'tr',
        {},
        ([el('th', { scope: 'col' }, ['Case'])] as Child[]).concat(
          collect(columns, function (name) {
            return el('th', { scope: 'col' }, [el('abbr', { title: nameOf(name)[1] }, [nameOf(name)[0]])]);
          })
        )
      )
    ])
  ]);
  append(byId('cases'), bodies);
  toggle(byId('nothing'), bodies.length === 0);
  makeOneTabbable();
  if (openCell) showResult(openCell.row, openCell.column);
}

function drawCell(row: number, column: number): void {
  const cell = document.getElementById('cell-' + row + '-' + column);
  if (cell) fill(cell, [drawMark(row, column)]);
  if (!document.getElementById('cases')!.querySelector('button[tabindex="0"]')) makeOneTabbable();
}

function drawMark(row: number, column: number): Child {
  const outcome = page.outcomes[row] && page.outcomes[row]![column];
  if (outcome === undefined) return null;
  const surprise = page.surprises[row]![column];
  const said = [outcome].concat(page.remarks[row]![column]!);
  const button = el(
    'button',
    {
      type: 'button',
      tabindex: -1,
      class: markClass(outcome) + (surprise ? ' surprise' : ''),
      'aria-expanded': 'false',
      'aria-label':
        said.join(', ') + ': ' + page.catalogue.cases[row]!.title + ', ' + nameOf(columnsShown()[column]!)[1],
      title: said.join(', ')
    },
    [collect(said, signOf).join('')]
  );
  button.onclick = function () {
    if (openCell && openCell.row === row && openCell.column === column) closeResult();
    else showResult(row, column);
  };
  button.onkeydown = function (event) {
    move(row, column, event);
  };
  return button;
}

function signOf(name: string): string {
  let sign = '';
  each(page.catalogue.outcomes.concat(page.catalogue.remarks), function (one) {
    if (one[0] === name) sign = one[1].sign;
  });
  return sign;
}

function markClass(outcome: string): string {
  return 'mark ' + outcome.replace(' ', '-');
}

/** Beside words that say the same. */
function drawOutcome(outcome: string): Child {
  return el('span', { class: markClass(outcome), 'aria-hidden': 'true' }, [signOf(outcome)]);
}

// One result can be reached with the tab key, the others from there with the arrow keys.

function makeOneTabbable(): void {
  const first = byId('cases').querySelector('button');
  if (first) first.setAttribute('tabindex', '0');
}

function buttonAt(row: number, column: number): HTMLElement | null {
  const cell = document.getElementById('cell-' + row + '-' + column);
  return cell && cell.querySelector('button');
}

function move(row: number, column: number, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const code = event.keyCode;
  if (code < 37 || code > 40) return;
  event.preventDefault();
  const rowStep = code === 38 ? -1 : code === 40 ? 1 : 0;
  const columnStep = code === 37 ? -1 : code === 39 ? 1 : 0;
  let nextRow = row + rowStep;
  let nextColumn = column + columnStep;
  const columns = columnsShown().length;
  while (nextRow >= 0 && nextRow < page.catalogue.cases.length && nextColumn >= 0 && nextColumn < columns) {
    const next = buttonAt(nextRow, nextColumn);
    if (next) {
      const old = byId('cases').querySelectorAll('button[tabindex="0"]');
      for (let i = 0; i < old.length; i++) old[i]!.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
      return;
    }
    nextRow += rowStep;
    nextColumn += columnStep;
  }
}

// A result on demand

function closeResult(): void {
  const old = document.getElementById('result');
  if (old) old.parentNode!.removeChild(old);
  if (!openCell) return;
  const button = buttonAt(openCell.row, openCell.column);
  if (button) button.setAttribute('aria-expanded', 'false');
  openCell = null;
}

function showResult(row: number, column: number): void {
  closeResult();
  const line = document.getElementById('row-' + row);
  const button = buttonAt(row, column);
  if (!line || !button) return;
  openCell = { row: row, column: column };
  button.setAttribute('aria-expanded', 'true');
  const content = el('div', { class: 'result', role: 'region', tabindex: 0, 'aria-label': 'Result' }, ['…']);
  const detail = el('tr', { id: 'result' }, [el('td', { colspan: columnsShown().length + 1 }, [content])]);
  line.parentNode!.insertBefore(detail, line.nextSibling);
  if (!page.visit) return fill(content, ['It could not be had: the server does not know this run any more.']);
  ask(
    'GET',
    '/visits/' + page.visit.id + '/result?case=' + row + '&column=' + column,
    null,
    function (answer, problem) {
      if (problem !== null) fill(content, ['It could not be had: ' + problem]);
      else
        fill(
          content,
          drawResult(
            answer as ShownResult,
            nameOf(columnsShown()[column]!)[1],
            page.catalogue.cases[row]!.id,
            drawOutcome((answer as ShownResult).outcome)
          )
        );
    }
  );
}

export function listenToCases(): void {
  byId('all').onclick = byId('differing').onclick = function () {
    showsAll = (byId('all') as HTMLInputElement).checked;
    closeResult();
    drawCases();
  };
  document.onkeydown = function (event) {
    // keyCode: old engines have no key.
    if (event.keyCode !== 27 || !openCell) return;
    const button = buttonAt(openCell.row, openCell.column);
    closeResult();
    if (button) button.focus();
  };
}
