/** The example page: the classic code, ES5 and CSS 2, beside what becomes of it on two streams. */
export const examplePage = String.raw`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>EventSource: one stream that works, one that never will</title>
<style>
body { font: 16px/1.5 Georgia, serif; color: #222; background: #f6f4ef; margin: 0; padding: 1.5em }
#all { max-width: 64em; margin: 0 auto }
h1 { font-size: 1.6em; line-height: 1.25; margin: 0 0 .4em }
h2 { font: bold 1.05em/1.4 Consolas, Menlo, monospace; margin: 0 }
code, pre { font: .85em/1.5 Consolas, Menlo, monospace }
pre { background: #fff; border: 1px solid #d9d4c8; padding: .7em 1em; margin: .7em 0; overflow: auto }
.panel { float: left; width: 48.5%; margin: 0 0 1.5em }
.right { float: right }
.card { background: #fff; border: 1px solid #d9d4c8; border-top: 4px solid #2e7d4f; padding: 1em }
.right .card { border-top-color: #b3402e }
.state { margin: .3em 0 .6em; color: #555 }
.state b { color: #222 }
.log { height: 13em; overflow: auto; background: #faf9f6; border: 1px solid #e6e2d8; padding: .4em .7em; font: .8em/1.6 Consolas, Menlo, monospace; word-wrap: break-word }
.open { color: #22558c } .message { color: #1f6b40 } .error { color: #b3402e } .close { color: #777 }
button { font: inherit; margin: .7em .4em 0 0; padding: .15em 1em }
.clear { clear: both }
#missing { display: none; border: 1px solid #b3402e; background: #fff; padding: .6em 1em }
@media (max-width: 48em) { .panel { float: none; width: auto } }
</style>
<script>
// With ?polyfill in the address, the browser's own EventSource is put away before the script tag below.
var withPolyfill = /[?&]polyfill(&|=|$)/.test(location.search);
if (withPolyfill) {
  try { delete window.EventSource; } catch (e) {}
  if (typeof EventSource !== 'undefined') { window.EventSource = undefined; }
  document.write('<script src="/dist/truesource.min.js"><\/script>');
}
</script>
</head>
<body>
<div id="all">
<h1>One stream that works, one that never will</h1>
<p>Both panels run the same code; only what the server sends differs.
This page uses <b id="which"></b>: <a id="other" href=""></a>.</p>
<p id="missing">There is no <code>EventSource</code> here.</p>

<div class="panel"><div class="card">
<h2>serverMessage</h2>
<p class="state" id="good-state"></p>
<div class="log" id="good-log"></div>
<button type="button" id="good-button">source.close()</button>
<pre>data:Mon Nov 23 2026 04:28:51 &hellip;
<i>(blank line)</i>
</pre>
<p>Each block ends with a blank line. The blank line is what dispatches a message, so there is one each
second, on one connection that stays open.</p>
</div></div>

<div class="panel right"><div class="card">
<h2>serverMessage-broken</h2>
<p class="state" id="bad-state"></p>
<div class="log" id="bad-log"></div>
<button type="button" id="bad-button">source.close()</button>
<pre>retry:1000
data:Mon Nov 23 04:28:51
<i>(the end: 36 bytes, no blank line)</i></pre>
<p>No blank line, so there is never a message: when the response ends, the unfinished block is thrown away.
The end of the response is an <code>error</code> with readyState CONNECTING. The <code>retry</code> line counts at
once, blank line or not, so a second later the browser asks again: <code>open</code>, <code>error</code>, and so on,
once a second. (It may wait longer when nothing but failures come.) The repair is one more line feed after the data, and a
response that does not end.</p>
</div></div>

<h2 class="clear">The code of both panels</h2>
<pre>if (typeof EventSource !== 'undefined') {
  var source = new EventSource('serverMessage');
  source.onopen = function (e) {
    if (e.target.readyState === EventSource.OPEN) { show('open'); }
  };
  source.onmessage = function (e) {
    show('message: ' + e.data);
  };
  source.onerror = function (err) {
    switch (err.target.readyState) {
      case EventSource.CONNECTING: show('error: reconnecting'); break;
      case EventSource.CLOSED: show('error: closed, it will not try again'); break;
    }
  };
  button.onclick = function () { source.close(); };
}</pre>
</div>
<script>
(function () {
  function byId(id) { return document.getElementById(id); }
  function setText(element, text) {
    while (element.firstChild) { element.removeChild(element.firstChild); }
    element.appendChild(document.createTextNode(text));
  }
  function two(n) { return (n < 10 ? '0' : '') + n; }

  function panel(name, url) {
    var counts = { open: 0, message: 0, error: 0 };
    var log = byId(name + '-log');
    var source;

    function show(kind, text) {
      var now = new Date();
      var line = document.createElement('div');
      line.className = kind;
      line.appendChild(document.createTextNode(
        two(now.getHours()) + ':' + two(now.getMinutes()) + ':' + two(now.getSeconds()) + ' ' + kind + (text ? ': ' + text : '')
      ));
      log.appendChild(line);
      if (log.childNodes.length > 200) { log.removeChild(log.firstChild); }
      log.scrollTop = log.scrollHeight;
      if (kind in counts) { counts[kind]++; }
      setText(byId(name + '-state'), ['CONNECTING', 'OPEN', 'CLOSED'][source.readyState] + '. open ' + counts.open +
        ', message ' + counts.message + ', error ' + counts.error);
    }

    source = new EventSource(url);
    source.onopen = function (e) {
      if (e.target.readyState === EventSource.OPEN) { show('open'); }
    };
    source.onmessage = function (e) {
      show('message', e.data);
    };
    source.onerror = function (err) {
      switch (err.target.readyState) {
        case EventSource.CONNECTING:
          show('error', 'reconnecting');
          break;
        case EventSource.CLOSED:
          show('error', 'closed, it will not try again');
          break;
      }
    };
    byId(name + '-button').onclick = function () {
      source.close();
      show('close');
    };
  }

  setText(byId('which'), withPolyfill ? 'truesource' : 'the EventSource of your browser');
  setText(byId('other'), withPolyfill ? 'use the browser\u2019s own' : 'use truesource');
  byId('other').href = withPolyfill ? '?' : '?polyfill';

  if (typeof EventSource !== 'undefined') {
    panel('good', 'serverMessage');
    panel('bad', 'serverMessage-broken');
  } else {
    byId('missing').style.display = 'block';
    if (withPolyfill) { byId('missing').appendChild(document.createTextNode(' This server does not have /dist/truesource.min.js: it is made by the build.')); }
  }
})();
</script>
</body>
</html>
`;
