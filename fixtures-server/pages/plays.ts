/** The text of the page that lists all plays. Ids are of characters that need no escaping. */
export function playsPage(ids: string[]): string {
  const token = 'by-hand-' + Math.random().toString(36).slice(2);
  const links = ids.map((id) => `<li><a href="/sse/${token}/${id}">${id}</a></li>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>truesource fixtures server</title>
<style>body { font: 16px/1.5 sans-serif; max-width: 45em; margin: 2em auto; padding: 0 1em }</style>
</head>
<body>
<h1>truesource fixtures server</h1>
<p>It plays event streams byte by byte and write by write, and keeps a log of the requests.</p>
<p><a href="/example/">The example page</a> shows a stream that works beside one that never gives a message.</p>
<p>Each link below answers with the next connection of its play, under the token <code>${token}</code>;
after the last one it stays silent. What was asked and answered:
<a href="/requests/${token}">/requests/${token}</a>. A reload of this page makes a new token.</p>
<h2>Plays: ${ids.length}</h2>
<ul>
${links.join('\n')}
</ul>
</body>
</html>
`;
}
