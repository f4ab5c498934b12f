import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { DiskQuota } from '../../src/store/contract/disk-quota.ts';
import { type Store, StoreFull, type StoreOperation } from '../../src/store/contract/store.ts';
import type { LevelStoreOptions } from '../../src/store/contract/store-options.ts';
import { StoreUnusable } from '../../src/store/files/store-files.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { NamespacedStore } from '../../src/store/namespaced-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))));

async function folderFor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wampway-store-'));
  folders.push(folder);
  return folder;
}

const PLENTY = { maxBytes: 2 ** 40, minFree: 0 };

function open(folder: string, options: Partial<LevelStoreOptions> = {}): Promise<LevelStore> {
  const room = new DiskQuota(folder, PLENTY, systemClock);
  return LevelStore.open(folder, { sync: 'always', syncInterval: 1000, room, clock: systemClock, ...options });
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const put = (key: string, text: string): StoreOperation => ({ type: 'put', key, value: bytes(text) });

async function contents(store: Store): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const [key, value] of store.range('', '\uffff')) found[key] = Buffer.from(value).toString();
  return found;
}

/** The files of an open store as a crash leaves them. */
async function crashed(folder: string): Promise<string> {
  const copy = await folderFor();
  await cp(folder, copy, { recursive: true, filter: source => !source.endsWith('LOCK') });
  return copy;
}

async function logOf(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter(name => name.endsWith('.log')).sort();
  return join(folder, logs.at(-1) ?? 'no log');
}

describe('LevelStore', () => {
  it('keeps written records in order over a clean end and over a crash', async () => {
    const folder = await folderFor();
    const store = await open(folder);
    await store.batch([put('b', '2'), put('a', '1'), put('c', '3')]);
    await store.delete('c');
    await store.put('ä', bytes('4'));
    const copy = await crashed(folder);
    await store[Symbol.asyncDispose]();
    for (const path of [folder, copy]) {
      await using again = await open(path);
      assert.deepEqual(Object.entries(await contents(again)), [
        ['a', '1'],
        ['b', '2'],
        ['ä', '4'],
      ]);
      assert.equal(await again.get('c'), undefined);
      assert.equal(Buffer.from((await again.get('a')) ?? []).toString(), '1');
    }
  });

  it('loses no record if its log is deleted while it is open', async () => {
    const folder = await folderFor();
    await using store = await open(folder);
    await store.put('a', bytes('1'));
    await rm(await logOf(folder));
    await until('a new log', async () => (await readdir(folder)).some(name => name.endsWith('.log')));
    await store.put('b', bytes('2'));
    // LevelDB writes the table in the meantime.
    await until('both after a crash', async () => {
      // A copy that is made while LevelDB replaces its files is not what a crash leaves, so it is made again.
      const again = await open(await crashed(folder)).catch((error: unknown) => {
        if (!(error instanceof StoreUnusable)) throw error;
      });
      if (again === undefined) return false;
      const found = again.status.damaged === 0 && isDeepStrictEqual(await contents(again), { a: '1', b: '2' });
      await again[Symbol.asyncDispose]();
      return found;
    });
  });

  it('commits simultaneous writes together, in the order of their calls', async () => {
    await using store = await open(await folderFor());
    const order: number[] = [];
    await Promise.all(Array.from({ length: 500 }, (_, n) => store.put('key', bytes(`${n}`)).then(() => order.push(n))));
    assert.ok(store.counters.commits <= 2, `${store.counters.commits} writes`);
    assert.equal(store.counters.syncs, store.counters.commits);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.equal((await contents(store))['key'], '499');
  });

  it('resolves an empty batch after everything before it', async () => {
    await using store = await open(await folderFor());
    let written = false;
    void store.put('key', bytes('value')).then(() => {
      written = true;
    });
    await store.batch([]);
    assert.equal(written, true);
  });

  it('restores a transaction completely or not at all, wherever its last record is torn', async () => {
    const folder = await folderFor();
    await using store = await open(folder);
    await store.batch([put('first/1', 'x'.repeat(50)), put('first/2', 'y'.repeat(50))]);
    const before = (await readFile(await logOf(folder))).length;
    await store.batch([put('second/1', 'x'.repeat(50)), put('second/2', 'y'.repeat(50))]);
    const whole = (await readFile(await logOf(folder))).length;
    for (let length = before; length < whole; length += 9) {
      const copy = await crashed(folder);
      await truncate(await logOf(copy), length);
      await using torn = await open(copy);
      assert.deepEqual(Object.keys(await contents(torn)), ['first/1', 'first/2'], `cut at ${length} of ${whole}`);
      await torn.put('third', bytes(''));
    }
    const copy = await crashed(folder);
    await appendFile(await logOf(copy), Buffer.concat([Buffer.of(1, 2, 3, 4, 0, 2, 1), Buffer.alloc(100, 7)]));
    await using garbled = await open(copy);
    assert.equal(Object.keys(await contents(garbled)).length, 4, 'what is before the torn record is there');
  });

  it('synchronizes at each write with always, periodically with interval, and not with never', async () => {
    for (const [sync, expected] of [
      ['always', [3, 3]],
      ['interval', [0, 1]],
      ['never', [0, 0]],
    ] as const) {
      const clock = new FakeClock();
      await using store = await open(await folderFor(), { sync, clock });
      for (const key of ['a', 'b', 'c']) await store.put(key, bytes('value'));
      assert.equal(store.counters.syncs, expected[0], sync);
      clock.advance(1000);
      await store.put('d', bytes(''));
      await store.batch([]);
      while (store.counters.syncs < expected[1]) await new Promise(setImmediate);
      const after = store.counters.syncs;
      assert.equal(sync === 'always' ? after - 1 : after, expected[1], sync);
    }
  });

  it('counts the bytes that were written', async () => {
    await using store = await open(await folderFor());
    await store.put('key', bytes('12345'));
    assert.deepEqual(store.counters, { bytes: 8, commits: 1, syncs: 1 });
  });

  it('refuses to grow beyond its quota, accepts changes and deletions, and accepts new records afterwards', async () => {
    const folder = await folderFor();
    const room = new DiskQuota(folder, { maxBytes: 100_000, minFree: 0 }, systemClock);
    const clock = new FakeClock();
    await using store = await open(folder, { room, clock });
    // LevelDB compresses repeated bytes.
    const large = randomBytes(750_000).toString('hex');
    await store.put('small', bytes('online'));
    await store.put('large', bytes(large));
    await assert.rejects(store.put('more', bytes('x')), StoreFull);
    await store.batch([put('small', 'gone since'), { type: 'delete', key: 'nothing' }]);
    await assert.rejects(store.batch([put('small', 'lost'), put('more', 'x')]), StoreFull);
    await assert.rejects(store.put('small', bytes('x'.repeat(1_000))), StoreFull);
    assert.equal(Buffer.from((await store.get('small')) ?? []).toString(), 'gone since');
    await store.delete('large');
    // Between two attempts to shrink.
    clock.advance(30_000);
    await until('its files have shrunk', () =>
      store.put('more', bytes('x')).then(
        () => true,
        () => false,
      ),
    );
    const full = new DiskQuota(folder, { maxBytes: 2 ** 40, minFree: 2 ** 60 }, systemClock);
    assert.match((await full.find()).full ?? '', /are free on the disk/);
  });

  it('rejects each failed write', async () => {
    const store = await open(await folderFor());
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.put('key', bytes('value')), /closed/);
  });

  it('has namespaces without access to each other', async () => {
    await using store = await open(await folderFor());
    const [one, other] = [new NamespacedStore(store, 'one'), new NamespacedStore(store, 'other')];
    await one.put('key', bytes('one'));
    await other.batch([put('key', 'other'), put('z', '')]);
    assert.deepEqual(await contents(one), { key: 'one' });
    assert.deepEqual(await contents(other), { key: 'other', z: '' });
    await one.delete('key');
    assert.equal(Buffer.from((await other.get('key')) ?? []).toString(), 'other');
  });
});
