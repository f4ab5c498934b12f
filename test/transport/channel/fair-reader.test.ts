import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { sharedTurn } from '../../../src/base/shared-turn.ts';
import { FairReader } from '../../../src/transport/channel/fair-reader.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeSocket } from '../../support/fake-socket.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

/** Waits for the microtasks and ticks of this turn. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise<void>(done => process.nextTick(done));
}

/** A socket with a reader. Handling takes `slow` milliseconds for each piece. */
function flowing(slow: number) {
  const socket = new FakeSocket();
  socket.resume();
  const pieces: Uint8Array[] = [];
  const clock = new FakeClock();
  const turns = new FairReader(socket, clock, bytes => {
    pieces.push(bytes);
    clock.advance(slow);
    return bytes.length;
  });
  return { socket, turns, pieces };
}

/** Data of so many KiB. Each KiB contains its number. */
function numbered(kib: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: kib * 1024 }, (_, i) => first + Math.floor(i / 1024));
}

describe('reading in turns', () => {
  // All peers of the process share one turn, including those of the previous test.
  beforeEach(async () => {
    while (!sharedTurn.isIdle) await turn();
    await turn();
  });

  it('delivers input that is handled within a turn at once, without a pause', async () => {
    const { socket, turns, pieces } = flowing(0);
    for (let i = 0; i < 5; i++) turns.read(numbered(1, i));
    assert.equal(pieces.length, 5);
    turns.read(numbered(60, 5));
    await microtasks();
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(65)));
    assert.equal(socket.isPaused(), false);
  });

  it('keeps slow input for later turns, in order, and resumes reading when all is handled', async () => {
    const { socket, turns, pieces } = flowing(5);
    turns.read(numbered(10));
    await microtasks();
    assert.deepEqual([pieces.length, socket.isPaused()], [1, true]);
    // The data that the stream had buffered.
    turns.read(numbered(1, 10));
    assert.equal(pieces.length, 1);
    for (let i = 0; i < 100 && socket.isPaused(); i++) {
      const before = pieces.length;
      await turn();
      assert.ok(pieces.length <= before + 2, 'each turn has an end');
    }
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(11)));
    assert.equal(socket.isPaused(), false);
  });

  it('adds up the time of chunks that arrive without a pause', async () => {
    const { socket, turns } = flowing(2.5);
    turns.read(numbered(5));
    await microtasks();
    turns.read(numbered(5));
    await microtasks();
    assert.equal(socket.isPaused(), true);
  });

  it('ends neither a requested pause nor a wait for the next turn', async () => {
    const { socket, turns, pieces } = flowing(5);
    turns.read(numbered(6));
    await microtasks();
    turns.pause();
    for (let i = 0; i < 5; i++) await turn();
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(4)), 'nothing is handed on meanwhile');
    assert.equal(socket.isPaused(), true);
    turns.resume();
    for (let i = 0; i < 20; i++) await turn();
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(6)));
    assert.equal(socket.isPaused(), false);
    turns.read(numbered(6));
    await microtasks();
    turns.pause();
    turns.resume();
    assert.equal(socket.isPaused(), true);
    for (let i = 0; i < 100 && socket.isPaused(); i++) await turn();
    assert.equal(socket.isPaused(), false);
  });

  it('keeps the rest of a chunk if it is paused within it, and reads ahead up to a limit', async () => {
    const socket = new FakeSocket();
    socket.resume();
    const pieces: Uint8Array[] = [];
    const turns = new FairReader(socket, new FakeClock(), bytes => {
      pieces.push(bytes.subarray(0, 100));
      turns.pause();
      return 100;
    });
    turns.read(numbered(6));
    assert.deepEqual([pieces.length, socket.isPaused()], [1, false]);
    // Chunks of one byte are joined.
    for (let i = 0; i < 100; i++) turns.read(Uint8Array.of(6));
    turns.read(numbered(26, 7));
    assert.deepEqual([pieces.length, socket.isPaused()], [1, true]);
    turns.resume();
    await turn();
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(6)).subarray(0, 200));
  });

  for (const [what, later] of [
    ['what a piece makes others do in microtasks', (work: () => void) => queueMicrotask(work)],
    [
      'microtasks that come of microtasks',
      (work: () => void) => {
        void Promise.resolve()
          .then(() => {})
          .then(() => {})
          .then(work);
      },
    ],
  ] as const) {
    it(`counts ${what}`, async () => {
      const socket = new FakeSocket();
      socket.resume();
      const clock = new FakeClock();
      let pieces = 0;
      const turns = new FairReader(socket, clock, bytes => {
        pieces++;
        later(() => clock.advance(5));
        return bytes.length;
      });
      turns.read(numbered(60));
      await microtasks();
      assert.deepEqual([pieces, socket.isPaused()], [1, true]);
    });
  }

  it('shares one turn between all peers with more input', async () => {
    const peers = Array.from({ length: 10 }, () => flowing(1));
    for (const { turns } of peers) turns.read(numbered(200));
    await microtasks();
    const counts = (): number[] => peers.map(({ pieces }) => pieces.length);
    const sum = (): number => counts().reduce((all, count) => all + count, 0);
    assert.ok(sum() <= 3, `${sum()} in the first turn`);
    for (let i = 0; i < 20; i++) {
      const before = sum();
      await turn();
      await microtasks();
      const taken = sum() - before;
      assert.ok(taken >= 1 && taken <= 3, `two milliseconds, and the piece that was begun: ${taken}`);
    }
    assert.ok(Math.max(...counts()) - Math.min(...counts()) <= 1, `each has its part: ${counts()}`);
    for (let i = 0; i < 1000 && peers.some(({ socket }) => socket.isPaused()); i++) {
      await turn();
      await microtasks();
    }
    for (const { pieces } of peers) assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(200)));
  });

  it('shares one turn between peers that send little at a time, too', async () => {
    const peers = Array.from({ length: 100 }, () => flowing(1));
    for (const { turns } of peers) turns.read(numbered(1));
    const done = (): number => peers.filter(({ pieces }) => pieces.length > 0).length;
    assert.ok(done() <= 5, `${done()} in the first turn, which has as much time again for what is brief`);
    for (let i = 0; done() < 100; i++) {
      const before = done();
      await turn();
      await microtasks();
      assert.ok(done() - before <= 3, `${done() - before} in one turn`);
      assert.ok(i < 100);
    }
    assert.ok(peers.every(({ socket }) => !socket.isPaused()));
  });

  it('reads a peer that sends rarely before those that send without pause', async () => {
    const busy = Array.from({ length: 50 }, () => flowing(1));
    for (const { turns } of busy) turns.read(numbered(200));
    // At first, all of them are new.
    while (busy.some(({ pieces }) => pieces.length === 0)) {
      await turn();
      await microtasks();
    }
    const rare = flowing(0.2);
    for (let i = 1; i <= 3; i++) {
      rare.turns.read(numbered(1));
      await turn();
      await microtasks();
      assert.equal(rare.pieces.length, i, 'before the others, until its quantum is used up');
    }
    // A peer that sends again and again is not preferred: all others have their turn first.
    rare.turns.read(numbered(1));
    for (let i = 0; i < 3; i++) {
      await turn();
      await microtasks();
    }
    assert.equal(rare.pieces.length, 3);
    for (let i = 0; i < 5000 && busy.some(({ socket }) => socket.isPaused()); i++) {
      await turn();
      await microtasks();
    }
    assert.equal(rare.pieces.length, 4);
  });

  it('leaves the rest of a piece to another turn if handling pauses the peer', async () => {
    const socket = new FakeSocket();
    socket.resume();
    const clock = new FakeClock();
    const pieces: Uint8Array[] = [];
    const turns = new FairReader(socket, clock, bytes => {
      pieces.push(bytes.subarray(0, 100));
      clock.advance(3);
      turns.pause();
      queueMicrotask(() => turns.resume());
      return 100;
    });
    turns.read(numbered(4));
    await microtasks();
    assert.equal(pieces.length, 1);
    for (let i = 2; i <= 5; i++) {
      await turn();
      await microtasks();
      assert.equal(pieces.length, i);
    }
    assert.deepEqual(Buffer.concat(pieces), Buffer.from(numbered(4)).subarray(0, 500));
  });
});
