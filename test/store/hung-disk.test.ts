import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { DiskQuota, type RoomFindings } from '../../src/store/contract/disk-quota.ts';
import { StoreFailing } from '../../src/store/contract/store.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Folder } from '../support/folder.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

/** A disk whose measurements the test controls. */
class TestRoom extends DiskQuota {
  answer: () => Promise<RoomFindings> = async () => ({});

  override find(): Promise<RoomFindings> {
    return this.answer();
  }
}

async function fixture(folder: Folder) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const room = new TestRoom(folder.path, { maxBytes: 2 ** 40, minFree: 0 }, clock);
  const store = await LevelStore.open(folder.path, { sync: 'always', syncInterval: 1000, room, clock, log });
  const texts = (): string[] => log.lines.map(({ text }) => text);
  return { clock, room, store, texts };
}

describe('LevelStore: a disk that does not answer', () => {
  it('reports failing within five seconds, answers each write, and continues', async () => {
    using folder = new Folder();
    const { clock, room, store, texts } = await fixture(folder);
    let release = (): void => {};
    room.answer = () =>
      new Promise(resolve => {
        release = () => resolve({});
      });
    const first = store.put('ns/first', Buffer.from('1'));
    const failed = first.then(
      () => undefined,
      (error: unknown) => error,
    );
    await new Promise(setImmediate);
    const second = store.put('ns/second', Buffer.from('2'));
    second.catch(() => {});
    clock.advance(5_000);
    assert.equal(store.status.state, 'failing');
    assert.deepEqual(texts(), ['store: failing']);
    clock.advance(30_000);
    assert.ok((await failed) instanceof StoreFailing);
    await assert.rejects(second, StoreFailing);
    room.answer = async () => ({});
    release();
    await store.put('ns/third', Buffer.from('3'));
    clock.advance(1_000);
    assert.equal(store.status.state, 'ok');
    assert.deepEqual(texts(), ['store: failing', 'store: ok']);
    assert.equal(await store.get('ns/first'), undefined, 'what was rejected was not written afterwards');
    await store[Symbol.asyncDispose]();
  });

  it('answers a write whose commit throws an unexpected error, and the next write', async () => {
    using folder = new Folder();
    const { room, store } = await fixture(folder);
    room.answer = () => Promise.reject(new Error('of a kind that was not thought of'));
    await assert.rejects(store.put('ns/a', Buffer.from('1')), /not thought of/);
    room.answer = () => {
      throw new Error('at once');
    };
    await assert.rejects(store.put('ns/a', Buffer.from('1')), /at once/);
    room.answer = async () => ({ failure: 'the disk is gone' });
    await assert.rejects(store.put('ns/a', Buffer.from('1')), /the disk is gone/);
    assert.equal(store.status.state, 'failing');
    await store.delete('ns/a');
    room.answer = async () => ({});
    await store.put('ns/a', Buffer.from('1'));
    assert.equal(store.status.state, 'ok');
    await store[Symbol.asyncDispose]();
  });

  it('detects a folder that disappears and returns while no write happens', async () => {
    using parent = new Folder();
    const folder = parent.file('data');
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const room = new DiskQuota(folder, { maxBytes: 2 ** 40, minFree: 0 }, clock);
    const store = await LevelStore.open(folder, { sync: 'always', syncInterval: 1000, room, clock, log });
    execFileSync('mv', [folder, `${folder}-away`]);
    // The store sets its next timer when the disk has answered, so the time has to go on until then.
    const becomes = (state: string): Promise<true> =>
      until(`the state ${state}`, () => {
        if (store.status.state === state) return true;
        clock.advance(1_000);
        return false;
      });
    await becomes('failing');
    execFileSync('mv', [`${folder}-away`, folder]);
    await becomes('ok');
    await store[Symbol.asyncDispose]();
  });

  it('opens no file that would block for ever', async () => {
    using folder = new Folder();
    const data = folder.file('data');
    const clock = new FakeClock();
    const room = new DiskQuota(data, { maxBytes: 2 ** 40, minFree: 0 }, clock);
    const options = { sync: 'always', syncInterval: 1000, room, clock } as const;
    await (await LevelStore.open(data, options))[Symbol.asyncDispose]();
    for (const name of ['last-write', 'CURRENT', '000099.ldb', '000099.log']) {
      execFileSync('rm', ['-f', `${data}/${name}`]);
      execFileSync('mkfifo', [`${data}/${name}`]);
    }
    await assert.rejects(LevelStore.open(data, options), /is not a regular file/);
    for (const name of ['CURRENT', '000099.ldb', '000099.log']) execFileSync('rm', [`${data}/${name}`]);
    for (const name of ['MANIFEST-000002', 'MANIFEST-000004']) execFileSync('rm', ['-f', `${data}/${name}`]);
    execFileSync('sh', ['-c', `rm -f ${data}/*.log ${data}/MANIFEST*`]);
    await using store = await LevelStore.open(data, options);
    await store.put('ns/a', Buffer.from('1'));
  });
});
