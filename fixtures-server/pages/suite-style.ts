/** CSS 2 at its base; what newer browsers add comes last. */
export const suiteStyle = `
html { background: #fff; color: #1b1f24 }
body { margin: 0; padding: 1.5em 1.25em 5.5em; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; overflow-wrap: break-word }
header, main, footer { display: block }
#page { max-width: 60em; margin: 0 auto }
h1 { font-size: 1.55em; line-height: 1.25; margin: 0 0 .5em }
h2 { font-size: 1.15em; margin: 1.8em 0 .4em }
h3 { font-size: .95em; margin: 1.2em 0 .3em }
h4 { font-size: .9em; font-weight: normal; margin: .9em 0 .3em }
p { margin: .5em 0 }
.lead { max-width: 44em }
a { color: #0a58ca }
code, pre { font: .9em/1.45 "DejaVu Sans Mono", Menlo, Consolas, monospace }
pre { white-space: pre-wrap; background: #f5f6f8; padding: .6em .8em; margin: .4em 0 }
button { font: inherit; color: inherit; cursor: pointer }
.primary { background: #0a58ca; color: #fff; border: 1px solid #0a58ca; border-radius: 5px; padding: .45em 1.3em; font-weight: bold }
.plain { background: #f5f6f8; border: 1px solid #767f89; border-radius: 5px; padding: .45em 1.1em }
.primary:hover { background: #084298 }
button[disabled] { opacity: .55; cursor: default }
#controls { margin: 1.2em 0 .8em }
#controls span a { margin-left: .9em }
#status { min-height: 1.5em }
#left:empty { display: none }
#bar { height: 6px; background: #e3e6ea; border-radius: 3px; margin: .4em 0 }
#summary { margin: 1.1em 0 0 }
#done { height: 6px; width: 0; background: #0a58ca; border-radius: 3px }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; font-weight: bold; font-size: 1.15em; padding: 0 0 .4em }
th, td { text-align: left; vertical-align: top; font-weight: normal; padding: .28em .6em .28em 0; border-bottom: 1px solid #d5dae0 }
thead th { font-weight: bold; border-bottom: 1px solid #767f89; vertical-align: bottom }
th.number, td.number { text-align: right; padding: .28em 0 .28em 1em; width: 22% }
.short { display: none }
.none { color: #59636e }
td.less { color: #a32219; font-weight: bold }
td.less .none { font-weight: normal }
td.whole { color: #146c2e }
tr.total th, tr.total td { border-bottom: 0; border-top: 1px solid #767f89; font-weight: bold }
#notes { margin: .6em 0; padding: 0 0 0 1.2em; color: #59636e }
#filter { border: 0; padding: 0; margin: .3em 0 .6em }
#filter legend { padding: 0; position: absolute; left: -999em }
#filter span { display: inline-block; margin: 0 1.2em 0 0 }
#filter label { margin: 0 0 0 .3em }
#filter input { margin: 0 }
#legend { list-style: none; margin: .5em 0 1em; padding: 0; font-size: .88em; color: #59636e }
#legend li { display: inline-block; margin: 0 1.2em .3em 0 }
#cases { table-layout: fixed }
#cases td, #cases thead th { width: 3.4em; text-align: center; padding: .2em 0 }
#cases tbody th { padding: .25em .8em .25em 0 }
#cases thead th:first-child { width: auto; text-align: left }
#cases .section th { font-weight: bold; padding-top: 1.1em }
abbr { border: 0; text-decoration: none }
.mark { display: inline-block; min-width: 2.1em; border: 0; border-radius: 4px; padding: .05em .2em; text-align: center; font: bold 1em/1.5 "DejaVu Sans", Arial, sans-serif }
.pass { color: #146c2e; background: #e3f4e7 }
.fail, .unexpected-pass { color: #fff; background: #b3261e }
.expected-failure { color: #6b4700; background: #ffe9bd }
.allowed { color: #07566b; background: #d8f0f7 }
.differs { color: #07566b; background: transparent; outline: 1px solid; outline-offset: -1px }
.unsupported { color: #59636e; background: #eceef1 }
.not-observed { color: #5b2d8e; background: #eee3fa }
.surprise { outline: 2px solid #b3261e; outline-offset: 1px }
button:focus, a:focus, .result:focus { outline: 3px solid #0a58ca; outline-offset: 2px }
#cases #result td { text-align: left; width: auto; padding: 0 0 1em }
.result { border-left: 4px solid #767f89; padding: .3em 0 .3em 1em; font-size: .93em }
.result td, .result th { width: auto !important; text-align: left !important; padding: .2em .9em .2em 0 !important }
.result td code { white-space: pre-wrap; word-break: break-word }
.result .events td code, .result td:first-child code { word-break: normal }
.result table { width: auto }
.scroll { overflow: auto }
.fold { background: none; border: 0; padding: .3em 0; text-align: left; text-decoration: underline }
#stage { position: fixed; left: 0; right: 0; bottom: 0; background: #f5f6f8; border-top: 1px solid #d5dae0; padding: .3em 1.25em; font-size: .85em; color: #59636e }
#stage iframe { border: 0; width: 100%; display: block }
#stage p { margin: 0 }
#foot { margin-top: 3em; padding-top: .8em; border-top: 1px solid #d5dae0; color: #59636e; font-size: .9em }
@media (max-width: 40em) {
  body { padding: 1em .8em 6em; font-size: 15px }
  .long { display: none }
  .short { display: inline }
  th.number, td.number { padding: .28em 0 .28em .4em; width: auto }
  #cases td, #cases thead th { width: 2.8em }
  #cases thead th { font-size: .9em; width: 3.1em }
  .primary, .plain { display: block; width: 100%; margin: 0 0 .6em }
  #controls span a { margin: 0 .9em 0 0 }
}
button:focus:not(:focus-visible), .result:focus:not(:focus-visible) { outline: none }
.surprise:focus:not(:focus-visible) { outline: 2px solid #b3261e }
td.number { font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) {
  html { background: #14171b; color: #e4e8ec; color-scheme: dark }
  a { color: #79b0ff }
  pre, .plain, #stage { background: #1d2127 }
  .plain { border-color: #768390 }
  .primary, .primary:hover { background: #79b0ff; border-color: #79b0ff; color: #10141a }
  #bar { background: #343b44 }
  #done { background: #79b0ff }
  th, td, #stage, #foot { border-color: #343b44 }
  thead th, tr.total th, tr.total td, .result { border-color: #768390 }
  .none, #notes, #legend, #stage, #foot { color: #9aa5b1 }
  td.less { color: #ff9a90 }
  td.whole { color: #86d99a }
  .pass { color: #86d99a; background: #16301d }
  .fail, .unexpected-pass { color: #fff; background: #c2352c }
  .expected-failure { color: #ffd27d; background: #453209 }
  .allowed { color: #8fdcf2; background: #0d3540 }
  .differs { color: #8fdcf2 }
  .unsupported { color: #9aa5b1; background: #262c33 }
  .not-observed { color: #d5b5ff; background: #38234f }
  button:focus, a:focus, .result:focus { outline-color: #79b0ff }
}
@media print { #controls, #filter, #stage { display: none } }
`;
