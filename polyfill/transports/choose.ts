import type { Transport } from '../transport.ts';
import { canFetch, fetchTransport } from './fetch.ts';
import { xhrTransport } from './xhr.ts';

/** The best that the engine has; fetch, which keeps no text that was read, before XHR. Null without either. */
export function chooseTransport(): Transport | null {
  return canFetch() ? fetchTransport : typeof XMLHttpRequest === 'undefined' ? null : xhrTransport;
}
