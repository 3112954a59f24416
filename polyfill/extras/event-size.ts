/** Whether the interpreter holds more than data of the allowed size: the field name may stand before it. */
export function isTooLarge(held: number, maxEventSize: number): boolean {
  return held > maxEventSize + 'data: '.length;
}

export function createTooLarge(maxEventSize: number): RangeError {
  return new RangeError(`an event is larger than maxEventSize, ${maxEventSize}`);
}
