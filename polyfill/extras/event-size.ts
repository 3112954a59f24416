/** Whether what the interpreter holds cannot become data of the allowed size any more: the field name may stand before it. */
export function isTooLarge(held: number, maxEventSize: number): boolean {
  return held > maxEventSize + 'data: '.length;
}

export function createTooLarge(maxEventSize: number): RangeError {
  return new RangeError(`an event is larger than maxEventSize, ${maxEventSize}`);
}
