import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadTurns } from '../../src/transport/read-turns.ts';
import { FakeSocket } from '../support/fake-socket.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

/** A socket that is read, and who takes what comes: `slow` milliseconds for each piece. */
function flowing(slow: number) {
  const socket = new FakeSocket();
  socket.resume();
  const fed: number[] = [];
  const turns = new ReadTurns(socket, bytes => {
    fed.push(...bytes.subarray(0, 1));
    const end = performance.now() + slow;
    while (performance.now() < end);
  });
  return { socket, turns, fed };
}

/** So many KiB, each of which says where it belongs. */
function numbered(kib: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: kib * 1024 }, (_, i) => first + Math.floor(i / 1024));
}

describe('reading in turns', () => {
  it('hands on what is done within a turn at once, and never pauses for it', () => {
    const { socket, turns, fed } = flowing(0);
    for (let i = 0; i < 5; i++) turns.read(numbered(1, i));
    turns.read(numbered(40, 5));
    assert.deepEqual(fed, [0, 1, 2, 3, 4, 5, 21, 37]);
    assert.equal(socket.isPaused(), false);
  });

  it('keeps the rest of what takes long for later turns, in order, and reads on when all is handled', async () => {
    const { socket, turns, fed } = flowing(5);
    turns.read(numbered(40));
    assert.deepEqual([fed, socket.isPaused()], [[0], true]);
    // What the stream had in hand already.
    turns.read(numbered(1, 100));
    for (let i = 0; i < 10 && fed.length < 4; i++) await turn();
    assert.deepEqual(fed, [0, 16, 32, 100]);
    await turn();
    assert.equal(socket.isPaused(), false);
  });

  it('counts pieces that follow each other without a pause together', () => {
    const { socket, turns } = flowing(1.5);
    turns.read(numbered(32));
    turns.read(numbered(32));
    assert.equal(socket.isPaused(), true);
  });

  it('neither ends a pause that somebody has asked for nor a rest', async () => {
    const { socket, turns, fed } = flowing(5);
    turns.read(numbered(20));
    turns.pause();
    for (let i = 0; i < 5; i++) await turn();
    assert.deepEqual([fed, socket.isPaused()], [[0, 16], true]);
    turns.resume();
    assert.equal(socket.isPaused(), false);
    turns.read(numbered(20));
    turns.pause();
    turns.resume();
    assert.equal(socket.isPaused(), true);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(socket.isPaused(), false);
  });
});
