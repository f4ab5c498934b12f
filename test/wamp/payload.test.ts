import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonItems } from '../../src/codec/json/json-items.ts';
import { Payload } from '../../src/wamp/payload.ts';

const encoder = new TextEncoder();

/** A payload in the middle of a larger buffer, as it comes from a socket. */
function received(text: string, around = 1000): { payload: Payload; buffer: Uint8Array } {
  const items = encoder.encode(text);
  const buffer = new Uint8Array(items.length + around);
  buffer.set(items, around / 2);
  return { payload: Payload.encoded(jsonItems, buffer.subarray(around / 2, around / 2 + items.length), 1), buffer };
}

const itemsOf = (payload: Payload): Uint8Array => payload.itemsIn(jsonItems);
const textOf = (payload: Payload): string => new TextDecoder().decode(itemsOf(payload));

describe('Payload that is kept', () => {
  it('has its own buffer once it is detached', () => {
    const { payload, buffer } = received('[1]');
    payload.detach();
    buffer.fill(0);
    assert.equal(textOf(payload), '[1]');
    assert.equal(itemsOf(payload).buffer.byteLength, 3);
  });

  it('shares a block with others while it waits, and is copied once', () => {
    const many = Array.from({ length: 100 }, (_, i) => received(`[${i}]`));
    for (const { payload, buffer } of many) {
      payload.park();
      buffer.fill(0);
    }
    assert.deepEqual(
      many.map(({ payload }) => textOf(payload)),
      many.map((_, i) => `[${i}]`),
    );
    const blocks = new Set(many.map(({ payload }) => itemsOf(payload).buffer));
    assert.ok(blocks.size <= 2, `${blocks.size} blocks`);
    const [first] = many;
    const items = first && itemsOf(first.payload);
    first?.payload.park();
    assert.equal(first && itemsOf(first.payload), items);
  });

  it('leaves its block when it is detached, and enters none if it is large', () => {
    const { payload } = received('[2]');
    payload.park().detach();
    assert.deepEqual([textOf(payload), itemsOf(payload).buffer.byteLength], ['[2]', 3]);
    const large = `["${'x'.repeat(10_000)}"]`;
    const other = received(large).payload.park();
    assert.deepEqual([textOf(other), itemsOf(other).buffer.byteLength], [large, large.length]);
  });
});
