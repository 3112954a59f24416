/**
 * Commit of whatwg/html that cases and code are held to. The last commit up to it that names server-sent events is
 * 8107e8ab of 2022-02-27.
 */
export const standard = '508a037333d8a1806504303aeb489d931fabbef6';
