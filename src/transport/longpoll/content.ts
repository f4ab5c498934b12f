/** What the bytes of a message are, in HTTP's words. */
export const contentTypes = {
  json: 'application/json; charset=utf-8',
  msgpack: 'application/msgpack',
  cbor: 'application/cbor',
} as const;
