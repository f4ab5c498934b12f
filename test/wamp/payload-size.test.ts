import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { payloadSize } from '../../src/wamp/payload-size.ts';

describe('payloadSize', () => {
  it('is the received size if the payload arrived encoded', () => {
    const items = Buffer.from('[1,2],{"a":"b"}');
    assert.equal(payloadSize(Payload.encoded(jsonCodec.format, items, 2)), items.length);
    assert.equal(payloadSize(Payload.empty), 0);
  });

  it('grows with texts, bytes, lists and dictionaries of values', () => {
    const size = (...args: readonly unknown[]): number => payloadSize(Payload.of(args));
    assert.ok(size('x'.repeat(5000)) > 5000);
    assert.ok(size(new Uint8Array(5000)) > 5000);
    assert.ok(size(Array(1000).fill(1)) > 5000);
    assert.ok(size({ a: { b: ['x'.repeat(5000)] } }) > 5000);
    assert.ok(size({ ['k'.repeat(5000)]: 1 }) > 5000);
    assert.ok(payloadSize(Payload.of([], { a: 'x'.repeat(5000) })) > 5000);
  });

  it('ends for values that contain themselves', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    assert.ok(payloadSize(Payload.of(loop)) < 5000);
  });
});
