import { chapter as html } from '../../reports/clause.ts';

/** The clauses that findings name. */
export const standard = {
  theInterface: `${html}#the-eventsource-interface`,
  processingModel: `${html}#sse-processing-model`,
  lastEventId: `${html}#the-last-event-id-header`,
  parsing: `${html}#parsing-an-event-stream`,
  interpretation: `${html}#event-stream-interpretation`,
  authoringNotes: `${html}#authoring-notes`,
  registration: 'https://html.spec.whatwg.org/multipage/iana.html#text/event-stream'
};

export function fetchStandard(anchor: string): string {
  return `https://fetch.spec.whatwg.org/#${anchor}`;
}

export function rfc(number: number, section: string): string {
  return `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`;
}

export function nginx(directive: string): string {
  return `https://nginx.org/en/docs/http/ngx_http_proxy_module.html#${directive}`;
}
