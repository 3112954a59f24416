/** Of the standard. */
export const chapter = 'https://html.spec.whatwg.org/multipage/server-sent-events.html';

/** The address of a clause that is an anchor of the server-sent events chapter or a whole http(s) URL; undefined if it is neither. */
export function clauseUrl(clause: string): string | undefined {
  if (/^https?:\/\/[^\s<>"\\]+$/.test(clause)) return clause;
  return /^#?[\w:().-]+$/.test(clause) ? `${chapter}#${clause.replace(/^#/, '')}` : undefined;
}
