import { ProtocolViolation } from '../../wamp/errors.ts';

/** The violation of a frame that is not well-formed: in which format, where (byte offset), and what is wrong. */
export function malformed(format: string, at: number, what: string): ProtocolViolation {
  return new ProtocolViolation(`malformed ${format} at byte ${at}: ${what}`);
}
