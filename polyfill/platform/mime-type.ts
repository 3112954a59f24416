const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
// A type, a subtype, and after them white space up to the end or the parameters, which never matter here.
const essencePattern = new RegExp('^[\\t\\n\\r ]*(' + token + '/' + token + ')[\\t\\n\\r ]*(;|$)');
// One element of a comma-separated list; a comma in a quoted string separates nothing.
const listElement = /(?:[^",]|"(?:\\[\s\S]|[^"\\])*(?:"|$))+/g;

/**
 * https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
 *
 * The essence, in lower case, that a Content-Type header means, all its values joined with commas:
 * of several the last that is valid and not the wildcard. Empty if there is none.
 */
export function extractTheEssence(contentType: string): string {
  const values = contentType.match(listElement) || [];
  let essence = '';
  for (let i = 0; i < values.length; i++) {
    const match = essencePattern.exec(values[i]!);
    if (match && match[1] !== '*/*') essence = match[1]!.toLowerCase();
  }
  return essence;
}
