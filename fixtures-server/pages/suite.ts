import { suiteStyle } from './suite-style.ts';

/** The page that runs the suite in the browser that shows it; /dist/suite-page.js draws what changes. */
export const suitePage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>truesource: run the suite in this browser</title>
<style>${suiteStyle}</style>
</head>
<body>
<div id="page">
<header>
<h1>How faithful is the EventSource of this browser?</h1>
<p class="lead">This server plays <span id="count">its</span> cases: event streams with an edge each, byte by byte. The button has this
browser read them all with its own <code>EventSource</code>, if it has one, and with the polyfill truesource, over fetch and over
XMLHttpRequest, which takes about half a minute each. What it sees is compared with <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">the HTML
standard</a>. Nothing leaves this server, and nothing is installed.</p>
<noscript><p>This page needs JavaScript: so does EventSource.</p></noscript>
</header>
<main>
<div id="controls">
<button type="button" id="run" class="primary" disabled>Run in this browser</button>
<button type="button" id="stop" class="plain" style="display: none">Stop</button>
<span id="reports" style="display: none"><a id="save" href="/">Save report.json</a> <a id="full" href="/">Open the full report</a></span>
</div>
<p id="status" role="status"></p>
<div id="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0" style="display: none"><div id="done"></div></div>
<p id="left"></p>
<table id="summary"></table>
<ul id="notes"></ul>
<h2>The cases</h2>
<ul id="legend" aria-label="Legend"></ul>
<fieldset id="filter" style="display: none"><legend>Show</legend>
<span><input type="radio" name="shown" id="differing"><label for="differing" id="differing-label"></label></span>
<span><input type="radio" name="shown" id="all"><label for="all" id="all-label"></label></span>
</fieldset>
<p id="nothing" style="display: none">There is none.</p>
<table id="cases"></table>
</main>
<footer id="foot">Arrow keys move between results, Enter opens one, Escape closes it. <code>?case=GLOB</code> in the address runs only
the cases whose id matches. Also here: <a href="/plays/">each stream by itself</a>, <a href="/example/">an example page</a>,
<a href="/dist/truesource.js">the polyfill</a>.</footer>
</div>
<div id="stage" role="region" aria-label="Frames" style="display: none"><p>The cases run in frames at this place. Keep this page in front: browsers slow down what nobody
sees, and the run waits then. If a case hangs this page, close it and open its address again: nothing is lost, and it goes on.</p><div id="frames"></div></div>
<script src="/dist/suite-page.js"></script>
</body>
</html>
`;
