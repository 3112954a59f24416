import { createTheInterface } from './event-source.ts';
import { root } from './platform/globals.ts';
import { chooseTransport } from './transports/choose.ts';

// https://webidl.spec.whatwg.org/#define-the-global-property-references
if (!root.EventSource) {
  Object.defineProperty(root, 'EventSource', {
    value: createTheInterface(chooseTransport),
    writable: true,
    configurable: true
  });
}
