export const style = `
:root {
  --back: #fff; --raised: #f5f6f8; --text: #1b1f24; --soft: #59636e; --line: #d5dae0; --link: #0a58ca; --focus: #0a58ca;
  --pass: #146c2e; --pass-back: #e3f4e7; --fail: #fff; --fail-back: #b3261e; --known: #6b4700; --known-back: #ffe9bd;
  --allowed: #07566b; --allowed-back: #d8f0f7; --unsupported: #59636e; --unsupported-back: #eceef1;
  --unseen: #5b2d8e; --unseen-back: #eee3fa; --escape: #a8326b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171b; --raised: #1d2127; --text: #e4e8ec; --soft: #9aa5b1; --line: #343b44; --link: #79b0ff; --focus: #79b0ff;
    --pass: #86d99a; --pass-back: #16301d; --fail: #fff; --fail-back: #c2352c; --known: #ffd27d; --known-back: #453209;
    --allowed: #8fdcf2; --allowed-back: #0d3540; --unsupported: #9aa5b1; --unsupported-back: #262c33;
    --unseen: #d5b5ff; --unseen-back: #38234f; --escape: #ff9ac6;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0; padding: 1rem clamp(.75rem, 2vw, 2rem) 3rem; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.45rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
h4 { font-size: .9rem; margin: .9rem 0 .3rem; }
h5 { font-size: .85rem; margin: .6rem 0 .2rem; color: var(--soft); }
p { margin: .3rem 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; }
code, pre, .mono { font: .86em/1.5 ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }
code { unicode-bidi: isolate; direction: ltr; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { margin: 0; padding: .5rem .6rem; background: var(--raised); border-radius: 4px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.escape { color: var(--escape); }
.conclusion { font-weight: 600; font-size: 1.05rem; }
.conclusion.good { color: var(--pass); }
.conclusion.bad { color: var(--fail); background: var(--fail-back); display: inline-block; padding: .1rem .5rem; border-radius: 4px; }
details { margin: .5rem 0; }
summary { cursor: pointer; font-weight: 600; }
.scroll { overflow: auto; max-width: 100%; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number, .totals tbody th, .totals td:nth-child(2), .what { white-space: nowrap; }
.what { overflow-wrap: normal; }
td.zero { color: var(--soft); }
td.bad { color: var(--fail); background: var(--fail-back); font-weight: 600; }

.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0; margin: .6rem 0; list-style: none; font-size: .9rem; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 1rem 0 .6rem; }
.filters label { display: grid; gap: .1rem; font-size: .85rem; color: var(--soft); }
.filters label.check { display: flex; align-items: center; gap: .4rem; min-height: 2.1rem; color: var(--text); font-size: .95rem; }
.filters label.search { flex: 1 1 14rem; max-width: 26rem; }
input, select, button { font: inherit; color: inherit; }
input[type=search], select { min-height: 2.1rem; padding: .2rem .5rem; background: var(--back); border: 1px solid var(--soft); border-radius: 4px; width: 100%; min-width: 0; }

.mark { display: inline-block; min-width: 1.7em; padding: 0 .3em; text-align: center; border-radius: 4px; font-weight: 600; line-height: 1.5; }
.mark.pass { color: var(--pass); background: var(--pass-back); }
.mark.fail { color: var(--fail); background: var(--fail-back); }
.mark.expected-failure { color: var(--known); background: var(--known-back); }
.mark.unexpected-pass { color: var(--fail); background: var(--fail-back); }
.mark.allowed { color: var(--allowed); background: var(--allowed-back); }
.mark.differs { color: var(--allowed); box-shadow: inset 0 0 0 1px var(--allowed); }
.mark.unsupported { color: var(--unsupported); background: var(--unsupported-back); font-weight: normal; }
.mark.not-observed { color: var(--unseen); background: var(--unseen-back); }
.mark.unexpected { box-shadow: 0 0 0 2px var(--back), 0 0 0 4px var(--fail-back); }

.work { display: grid; gap: 1.2rem; align-items: start; grid-template-columns: minmax(0, 1fr); }
.matrix { max-height: calc(100vh - 1rem); border: 1px solid var(--line); border-radius: 6px; }
.matrix table { border-collapse: separate; border-spacing: 0; min-width: 100%; }
.matrix th, .matrix td { border-bottom: 1px solid var(--line); padding: .12rem .35rem; vertical-align: middle; }
.matrix td, .matrix thead th:not(.corner), .matrix .section td { text-align: center; min-width: 4.2rem; }
.matrix thead th { position: sticky; z-index: 2; background: var(--raised); font-size: .82rem; line-height: 1.25; height: 1.7rem; vertical-align: middle; }
.matrix thead tr:first-child th { top: 0; white-space: nowrap; }
.matrix thead tr:nth-child(2) th { top: 1.7rem; vertical-align: bottom; font-weight: normal; }
.matrix thead tr:first-child th:first-child { z-index: 4; left: 0; }
.matrix thead th.corner { vertical-align: bottom; }
.matrix tbody th { position: sticky; left: 0; z-index: 1; background: var(--back); border-right: 1px solid var(--line); width: 24rem; min-width: 15rem; max-width: 26rem; }
.matrix tbody th a { color: inherit; text-decoration: none; display: block; overflow-wrap: anywhere; }
.matrix tbody th a:hover { text-decoration: underline; }
.matrix .section th, .matrix .section td { background: var(--raised); font-weight: 600; padding-top: .35rem; padding-bottom: .35rem; }
.matrix .section td { font-size: .85rem; font-variant-numeric: tabular-nums; font-weight: normal; }
.matrix .section td.less { font-weight: 600; }
.matrix .group { border-left: 2px solid var(--line); }
.matrix tr.current th { background: var(--raised); font-weight: 600; }
.matrix button { border: 0; padding: .1rem; background: none; cursor: pointer; border-radius: 5px; min-width: 2.4rem; min-height: 1.8rem; }
.matrix button:hover { background: var(--line); }
.matrix button[aria-current=true] { outline: 2px solid var(--text); }
.none { padding: 1rem; }

.detail { min-width: 0; background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem 1.2rem; }
.detail header { display: flex; gap: .6rem; align-items: start; justify-content: space-between; }
.detail header > div { min-width: 0; }
.close { flex: none; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; padding: .2rem .7rem; cursor: pointer; min-height: 2.1rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem .8rem; margin: .5rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.beside { display: grid; gap: 0 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.beside > * { min-width: 0; }
.detail td, .detail thead th { font-size: .88rem; }
.detail td code { white-space: pre-wrap; }
.detail td code.what { white-space: nowrap; }
.events code { display: inline-block; width: max-content; max-width: 22em; }
.request { border-left: 3px solid var(--line); padding-left: .7rem; margin: .7rem 0; }
.writes { width: 100%; table-layout: auto; }
.writes td:last-child { width: 100%; }
.writes .time { white-space: nowrap; }
.boundary { background: var(--raised); border-radius: 3px; padding: 0 .2em; }
@media (min-width: 1000px) {
  .work.open { grid-template-columns: minmax(0, 1fr) minmax(27rem, 46%); }
  .work.open .matrix tbody th { min-width: 11rem; width: 15rem; }
  .detail { position: sticky; top: .5rem; max-height: calc(100vh - 1rem); overflow: auto; }
}
@media (max-width: 999px) {
  .detail { position: fixed; inset: 0; z-index: 10; overflow: auto; border: 0; border-radius: 0; }
  .detail header { position: sticky; top: -.8rem; background: var(--back); padding: .5rem 0; }
  body.overlaid { overflow: hidden; }
}
@media (max-width: 600px) {
  .matrix tbody th { min-width: 9.5rem; width: 9.5rem; max-width: 9.5rem; font-size: .85rem; }
  .matrix td, .matrix thead th:not(.corner) { min-width: 3.6rem; }
}
@media print { .filters, .detail { display: none; } .matrix { max-height: none; } }
`;
