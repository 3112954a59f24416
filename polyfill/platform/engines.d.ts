// What a bundle is for. The build defines these constants (tsup.config.ts), and leaves out what is for others.

/** Engines without ES2015, or whose events and event targets cannot be constructed. They have XHR. */
declare const FOR_OLD_ENGINES: boolean;
/** Engines whose fetch can stream text and be aborted. */
declare const FOR_FETCH: boolean;
/** Engines that need not have a document or a worker's location: Node, Deno, Bun. */
declare const FOR_SERVERS: boolean;
