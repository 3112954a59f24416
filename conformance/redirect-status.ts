/** https://fetch.spec.whatwg.org/#redirect-status */
export const redirectStatuses = [301, 302, 303, 307, 308];
