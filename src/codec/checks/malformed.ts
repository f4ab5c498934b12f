import { ProtocolViolation } from '../../wamp/errors.ts';

/** The violation for a frame that is not well-formed: the format, the byte offset, and what is wrong. */
export function malformed(format: string, at: number, what: string): ProtocolViolation {
  return new ProtocolViolation(`malformed ${format} at byte ${at}: ${what}`);
}
