import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecs } from '../../../src/codec/codecs.ts';
import {
  checkHandshake,
  encodeHandshake,
  encodeRefusal,
  HandshakeError,
  lengthCode,
  lengthLimit,
  readReply,
} from '../../../src/transport/rawsocket/handshake.ts';

const terms = { codecs, minPeerLimit: 512, full: false };

describe('RawSocket handshake [advanced/transport_rawsocket]', () => {
  it('announces the largest power of two that is not above the limit', () => {
    assert.deepEqual(
      [512, 513, 1023, 1024, 1_000_000, 2 ** 20, 2 ** 24 - 1, 2 ** 24, 2 ** 30].map(lengthCode),
      [0, 0, 0, 1, 10, 11, 14, 15, 15],
    );
    for (let code = 0; code < 16; code++) assert.equal(lengthCode(lengthLimit(code)), code);
    assert.deepEqual([lengthLimit(0), lengthLimit(15)], [512, 2 ** 24]);
  });

  it('accepts each supported serializer with each length', () => {
    for (const codec of codecs) {
      for (let code = 0; code < 16; code++) {
        const result = checkHandshake(encodeHandshake(code, codec.rawSocketId), terms);
        assert.deepEqual(result, { codec, peerLimit: lengthLimit(code) });
      }
    }
  });

  it('refuses with each of the four errors', () => {
    const json = encodeHandshake(15, 1);
    const errorOf = (request: Uint8Array, more: Partial<typeof terms> = {}): number | undefined =>
      checkHandshake(request, { ...terms, ...more }).error;
    for (const id of [0, 4, 5, 6, 15]) assert.equal(errorOf(encodeHandshake(15, id)), 1, `serializer ${id}`);
    assert.equal(errorOf(encodeHandshake(2, 1), { minPeerLimit: 4096 }), HandshakeError.LengthUnacceptable);
    assert.equal(errorOf(Uint8Array.of(0x7f, 0xf1, 0, 1)), HandshakeError.ReservedBits);
    assert.equal(errorOf(Uint8Array.of(0x7f, 0xf1, 0x80, 0)), HandshakeError.ReservedBits);
    assert.equal(errorOf(json, { full: true }), HandshakeError.TooManyConnections);
    assert.deepEqual([...encodeRefusal(HandshakeError.TooManyConnections)], [0x7f, 0x40, 0, 0]);
  });

  it('reads a reply', () => {
    assert.deepEqual(readReply(encodeHandshake(15, 3), 3), { limit: 2 ** 24 });
    const refused: readonly (readonly [readonly number[], RegExp])[] = [
      [[0x7f, 0x10, 0, 0], /serializer unsupported/],
      [[0x7f, 0x20, 0, 0], /message length unacceptable/],
      [[0x7f, 0x30, 0, 0], /reserved bits/],
      [[0x7f, 0x40, 0, 0], /maximum connection count/],
      [[0x7f, 0x90, 0, 0], /error code 9/],
      [[0x7f, 0xf1, 0, 0], /another serializer/],
      [[0x7f, 0xf3, 0, 1], /reserved bits/],
      [[0x48, 0x54, 0x54, 0x50], /not a RawSocket router/],
    ];
    for (const [bytes, text] of refused) {
      const result = readReply(Uint8Array.from(bytes), 3);
      assert.ok('refused' in result);
      assert.match(result.refused, text);
    }
  });
});
