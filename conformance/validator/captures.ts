const utf16 = 'UTF-16, as PowerShell writes what it redirects: capture with curl -sN --output FILE URL';
/** What people capture in place of a body, by what it begins with, latin1; and what to do. */
const others: [looks: RegExp, what: string][] = [
  [/^$/, 'empty: capture the body, as with curl -sN URL'],
  [/^HTTP\/\d/, 'a response with its head: give the body alone, captured without -i and -D -'],
  [
    /^[*<>] (?=[^]*^(\* {1,3}(Connected to |Trying .*\.\.\.)|> [A-Z]+ .* HTTP\/|< HTTP\/\d))|^ {2}% Total/m,
    'what curl says beside the body: give the body alone, without -v and 2>&1'
  ],
  [
    /^\s*\{\s*"log"\s*:\s*\{[^]*"(version|creator)"\s*:/,
    'an HTTP archive (HAR): give the text of one response alone, log.entries[].response.content.text'
  ],
  [/^(\xff\xfe|\xfe\xff)/, utf16],
  [/^(.\0){8}|^(\0.){8}/s, utf16],
  // eslint-disable-next-line no-control-regex
  [/^\x1f\x8b/, 'compressed with gzip: decode it first, with gunzip or curl --compressed'],
  [/^\x28\xb5\x2f\xfd/, 'compressed with zstd: decode it first, with unzstd or curl --compressed']
];
const looked = 512;
/** Bytes that are too few to call them binary. */
const shortest = 32;

/** Why bytes that begin so are no body of an event stream, or of any text. */
function whyNoBody(beginning: string): string | undefined {
  const [, what] = others.find(([looks]) => looks.test(beginning)) ?? [];
  if (what !== undefined) return what;
  if (beginning.length <= shortest || /^(data|event|id|retry)?:/m.test(beginning)) return undefined;
  // ESC steers terminals in text too.
  // eslint-disable-next-line no-control-regex
  const control = beginning.match(/[\x00-\x08\x0e-\x1a\x1c-\x1f]/g)?.length ?? 0;
  return control * 10 > beginning.length ? 'binary, and no event stream' : undefined;
}

/** The same bytes; throws what `refuse` makes of the reason if they cannot be the body of a response as it came. */
export async function* bodyOf(
  bytes: AsyncIterable<Uint8Array>,
  refuse: (reason: string) => Error
): AsyncGenerator<Uint8Array> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  const check = () => {
    const reason = whyNoBody(beginning!.toString('latin1', 0, looked));
    if (reason !== undefined) throw refuse(reason);
  };
  for await (const piece of bytes) {
    if (!beginning) {
      yield piece;
      continue;
    }
    beginning = Buffer.concat([beginning, piece]);
    if (beginning.length < looked) continue;
    check();
    yield beginning;
    beginning = undefined;
  }
  if (!beginning) return;
  check();
  yield beginning;
}
