// A comma in a quoted string separates nothing.
const quotedString = /"(\\.?|[^"\\])*("|$)/g;
// A type, a subtype, and after them white space up to the end or the parameters, which never matter here.
const essencePattern = /^[\t ]*([!#-'*+.^`|~\w-]+\/[!#-'*+.^`|~\w-]+)[\t ]*(;|$)/;

/**
 * https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
 *
 * The essence, in lower case, that a Content-Type header means, all its values joined with commas:
 * of several the last that is valid and not the wildcard. Empty if there is none.
 */
export function extractTheEssence(contentType: string): string {
  return contentType
    .replace(quotedString, '"')
    .split(',')
    .reduce((essence, value) => {
      const match = essencePattern.exec(value);
      return match && match[1] !== '*/*' ? match[1]!.toLowerCase() : essence;
    }, '');
}
