import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Section } from '../case.ts';
import { embedJson } from '../embed-json.ts';
import type { PageSession } from '../page.ts';

/** Writes one testharness.js page per section into `directory`; each play is one test, named by its id, a colon and its title. */
export function generateTests(
  directory: string,
  session: PageSession,
  plays: { id: string; section: Section; title: string }[]
): void {
  for (const section of new Set(plays.map((play) => play.section))) {
    const tests = plays.filter((play) => play.section === section).map(({ id, title }) => ({ id, title }));
    writeFileSync(
      join(directory, `${section}.html`),
      `<!doctype html>
<meta charset="utf-8">
<title>Server-sent events: ${section}</title>
<script src="/resources/testharness.js"></script>
<script>setup({ explicit_done: true, explicit_timeout: true, allow_uncaught_exception: true })</script>
<script src="/resources/testharnessreport.js"></script>
<script>
var truesourceSession = ${embedJson(session)};
var truesourceTests = ${embedJson(tests)};
</script>
<script src="/dist/wpt-tests.js"></script>
`
    );
  }
}
