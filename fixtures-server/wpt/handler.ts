import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers as the upstream handler of the same name does, to every method alike. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;
