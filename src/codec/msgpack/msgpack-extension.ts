import type { ItemSink } from '../../wamp/item-sink.ts';
import { readInt64, readUint32 } from '../bytes/big-endian.ts';
import { malformed } from '../checks/malformed.ts';

/** The type of the only extension that the specification defines: -1, as a byte. */
const TIMESTAMP = 0xff;

/** The largest number of seconds since 1970 that a `Date` can hold. ISO 8601 has such years; RFC 3339 ends at 9999. */
const LAST_SECOND = 8.64e12;

// Extensions are an agreement of the endpoints. From MsgPack to MsgPack they pass unchanged. In other formats, and as
// values, a timestamp is its ISO 8601 text, as a Date is in JSON. `undefined`, as msgpackr and wampy write it, is null.
// Any other extension is its data as binary.

/** Throws if a timestamp is not valid. `type` is the position of the type, just before the data. */
export function checkExtension(bytes: Uint8Array, type: number, end: number): void {
  if (bytes[type] !== TIMESTAMP) return;
  const size = end - type - 1;
  if (size !== 4 && size !== 8 && size !== 12) throw malformed('MsgPack', type, `a timestamp of ${size} bytes`);
  if (nanoseconds(bytes, type + 1, size) > 999_999_999)
    throw malformed('MsgPack', type, 'more than 999999999 nanoseconds');
}

/** Passes the well-formed extension with its type at `type` to `sink`. */
export function feedExtension(bytes: Uint8Array, type: number, end: number, sink: ItemSink): void {
  const data = type + 1;
  // Type 0 with the one byte 0: JavaScript's `undefined`.
  if (bytes[type] === 0 && end - data === 1 && bytes[data] === 0) {
    sink.null();
    return;
  }
  const seconds = bytes[type] === TIMESTAMP ? secondsOf(bytes, data, end - data) : Number.NaN;
  if (Math.abs(seconds) < LAST_SECOND) sink.string(isoText(seconds, nanoseconds(bytes, data, end - data)));
  else sink.binary(bytes, data, end);
}

function secondsOf(bytes: Uint8Array, data: number, size: number): number {
  if (size === 4) return readUint32(bytes, data);
  // 30 bits of nanoseconds and 34 of seconds.
  if (size === 8) return ((bytes[data + 3] ?? 0) & 3) * 0x1_0000_0000 + readUint32(bytes, data + 4);
  return Number(readInt64(bytes, data + 4));
}

function nanoseconds(bytes: Uint8Array, data: number, size: number): number {
  if (size === 4) return 0;
  return size === 8 ? readUint32(bytes, data) >>> 2 : readUint32(bytes, data);
}

/** As `Date.toISOString`, with as many digits of a second as there are: three, or nine. */
function isoText(seconds: number, nanos: number): string {
  const text = new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString();
  return nanos % 1e6 === 0 ? text : `${text.slice(0, -4)}${String(nanos).padStart(9, '0')}Z`;
}
