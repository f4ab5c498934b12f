import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadTurns } from '../../src/transport/read-turns.ts';
import { FakeSocket } from '../support/fake-socket.ts';

const FULL = 64 * 1024;

const turn = (): Promise<void> => new Promise(setImmediate);

function flowing(): { socket: FakeSocket; turns: ReadTurns } {
  const socket = new FakeSocket();
  socket.resume();
  return { socket, turns: new ReadTurns(socket) };
}

describe('reading in turns', () => {
  it('rests after four full pieces in a row until the next turn, and not after fewer', async () => {
    const { socket, turns } = flowing();
    for (const bytes of [FULL, FULL, FULL, 10, FULL, FULL, FULL]) turns.took(bytes);
    assert.equal(socket.isPaused(), false);
    turns.took(FULL);
    assert.equal(socket.isPaused(), true);
    await turn();
    assert.equal(socket.isPaused(), false);
  });

  it('neither ends a pause that somebody has asked for nor a rest', async () => {
    const { socket, turns } = flowing();
    for (let i = 0; i < 4; i++) turns.took(FULL);
    turns.pause();
    await turn();
    assert.equal(socket.isPaused(), true);
    turns.resume();
    assert.equal(socket.isPaused(), false);
    for (let i = 0; i < 4; i++) turns.took(FULL);
    turns.pause();
    turns.resume();
    assert.equal(socket.isPaused(), true);
    await turn();
    assert.equal(socket.isPaused(), false);
  });
});
