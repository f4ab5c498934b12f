import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchReader, joinBatch } from '../../../src/transport/channel/batch.ts';
import { ProtocolViolation } from '../../../src/wamp/errors.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function split(batch: Uint8Array, binary: boolean): string[] {
  const messages: string[] = [];
  const reader = new BatchReader(batch, binary);
  while (!reader.done) messages.push(Buffer.from(reader.next()).toString('latin1'));
  return messages;
}

describe('batch [advanced/transport_batched_websocket]', () => {
  it('has 0x1E after each JSON message', () => {
    assert.deepEqual([...joinBatch([bytes('[1]'), bytes('[2,3]')], false)], [...bytes('[1]\u001e[2,3]\u001e')]);
    assert.deepEqual([...joinBatch([bytes('[1]')], false)], [...bytes('[1]\u001e')]);
  });

  it('has the length in 32 bits, big-endian, before each binary message', () => {
    const long = new Uint8Array(0x01_02_03).fill(7);
    const batch = joinBatch([bytes('ab'), long], true);
    assert.deepEqual([...batch.subarray(0, 11)], [0, 0, 0, 2, 0x61, 0x62, 0, 1, 2, 3, 7]);
    assert.equal(batch.length, 4 + 2 + 4 + long.length);
  });

  for (const binary of [false, true]) {
    it(`is split into the messages that were joined, ${binary ? 'binary' : 'JSON'}`, () => {
      const messages = ['[1,"a"]', '[]', 'x'.repeat(300)];
      assert.deepEqual(split(joinBatch(messages.map(bytes), binary), binary), messages);
      // Also if the batch is a part of a larger buffer.
      const within = Buffer.concat([bytes('????'), joinBatch([bytes('[9]')], binary), bytes('??')]);
      assert.deepEqual(split(within.subarray(4, -2), binary), ['[9]']);
    });
  }

  const broken: readonly (readonly [string, Uint8Array, boolean, number])[] = [
    ['no message at all, JSON', bytes(''), false, 0],
    ['no message at all, binary', bytes(''), true, 0],
    ['no 0x1E at the end', bytes('[1]\u001e[2]'), false, 1],
    ['no 0x1E', bytes('[1]'), false, 0],
    ['a length that is cut off', Uint8Array.of(0, 0, 0, 1, 0x61, 0, 0, 0), true, 1],
    ['a message that is cut off', Uint8Array.of(0, 0, 0, 1, 0x61, 0, 0, 0, 3, 0x61, 0x62), true, 1],
    ['a length far beyond the end', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x61), true, 0],
  ];
  for (const [what, batch, binary, before] of broken) {
    it(`is a violation with ${what}, after the complete messages before it`, () => {
      let count = 0;
      const reader = new BatchReader(batch, binary);
      assert.throws(() => {
        for (; !reader.done; count++) reader.next();
      }, ProtocolViolation);
      assert.equal(count, before);
    });
  }
});
