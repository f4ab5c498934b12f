import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { systemClock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { DiskQuota } from '../../src/store/contract/disk-quota.ts';
import { StoreUnusable } from '../../src/store/files/store-files.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { repairStore } from '../../src/store/store-check.ts';
import { Folder } from '../support/folder.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

const COUNT = 300;
const keyOf = (n: number): string => `ns/${String(n).padStart(4, '0')}`;

function open(folder: string, log?: Logger): Promise<LevelStore> {
  const room = new DiskQuota(folder, { maxBytes: 2 ** 40, minFree: 64 * 1024 * 1024 }, systemClock);
  const options = { sync: 'always', syncInterval: 1000, room, clock: systemClock } as const;
  return LevelStore.open(folder, log === undefined ? options : { ...options, log });
}

async function contents(store: LevelStore): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const [key, value] of store.range('ns/', 'ns0')) found.set(key, Buffer.from(value));
  return found;
}

async function largest(folder: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(folder)).filter(name => pattern.test(name));
  const sizes = await Promise.all(
    names.map(async name => ({ name, size: (await readFile(join(folder, name))).length })),
  );
  const [first] = sizes.sort((a, b) => b.size - a.size);
  assert.ok(first, `a file like ${pattern}`);
  return join(folder, first.name);
}

/** 300 acknowledged records of 4 kB, one write each. A crash leaves them in the log. */
async function written(folder: Folder): Promise<Map<string, Buffer>> {
  const records = new Map<string, Buffer>();
  await using store = await open(folder.file('open'));
  for (let n = 0; n < COUNT; n++) {
    const value = randomBytes(4_000);
    records.set(keyOf(n), value);
    await store.put(keyOf(n), value);
  }
  await cp(folder.file('open'), folder.file('log'), { recursive: true, filter: source => !source.endsWith('LOCK') });
  return records;
}

/** The content of the store after `damage`: only written values, and a report if records are missing. */
async function survives(
  folder: Folder,
  from: string,
  records: ReadonlyMap<string, Buffer>,
  damage: (folder: string) => Promise<void>,
): Promise<{ missing: number; damaged: number; lines: readonly string[] }> {
  const copy = folder.file('copy');
  await rm(copy, { recursive: true, force: true });
  await cp(folder.file(from), copy, { recursive: true });
  await damage(copy);
  const log = new RecordingLogger();
  const store = await open(copy, log);
  const found = await contents(store);
  const { damaged } = store.status;
  // The store is writable, and new records are stored.
  await store.put(keyOf(9999), Buffer.from('new'));
  assert.equal(Buffer.from((await store.get(keyOf(9999))) ?? []).toString(), 'new');
  await store[Symbol.asyncDispose]();
  for (const [key, value] of found) assert.ok(records.get(key)?.equals(value), `${key} is as it was written`);
  return { missing: records.size - found.size, damaged, lines: log.lines.map(({ text }) => text) };
}

async function alter(path: string, at: number, bytes: Uint8Array | 'flip'): Promise<void> {
  const content = await readFile(path);
  if (bytes === 'flip') content[at] = (content[at] ?? 0) ^ 0x41;
  else content.set(bytes, at);
  await writeFile(path, content);
}

async function cutBy(path: string, bytes: number): Promise<void> {
  await truncate(path, (await readFile(path)).length - bytes);
}

describe('LevelStore: damaged files', () => {
  const folder = new Folder();
  let records: Map<string, Buffer>;
  it('reports the missing records if the log has lost its end', async () => {
    records = await written(folder);
    for (const cut of [(size: number) => size - 10, (size: number) => Math.floor(size / 2), () => 0]) {
      const { missing, damaged, lines } = await survives(folder, 'log', records, async copy => {
        const log = await largest(copy, /\.log$/);
        await truncate(log, cut((await readFile(log)).length));
      });
      assert.ok(missing > 0);
      assert.equal(damaged, 1);
      assert.ok(
        lines.some(text => /damaged and skipped; "wampway data check" lists them/.test(text)),
        `${lines}`,
      );
    }
    assert.deepEqual(
      await survives(folder, 'log', records, async () => {}),
      { missing: 0, damaged: 0, lines: [] },
      'a crash is no damage',
    );
  });

  it('reports damaged bytes in the middle of the log', async () => {
    for (const bytes of ['flip', Buffer.alloc(4096), randomBytes(4096)] as const) {
      const { missing, damaged } = await survives(folder, 'log', records, async copy =>
        alter(await largest(copy, /\.log$/), 500_000, bytes),
      );
      assert.ok(missing > 0 && missing < 100, `${missing} are missing`);
      assert.ok(damaged > 0);
    }
  });

  it('skips each damaged record in tables, and returns no altered one', async () => {
    // After two openings the records are in a table.
    await cp(folder.file('log'), folder.file('table'), { recursive: true });
    for (let n = 0; n < 2; n++) await (await open(folder.file('table')))[Symbol.asyncDispose]();
    const size = (await readFile(await largest(folder.file('table'), /\.ldb$/))).length;
    for (let n = 0; n < 24; n++) {
      const at = Math.floor(((n + 0.37) / 24) * size);
      const { missing, damaged } = await survives(folder, 'table', records, async copy =>
        alter(await largest(copy, /\.ldb$/), at, 'flip'),
      );
      assert.ok(missing <= 2, `${missing} are missing after a change at ${at}`);
      assert.equal(damaged > 0, missing > 0, `at ${at}: ${missing} missing, ${damaged} damaged`);
    }
    for (const bytes of [Buffer.alloc(4096), randomBytes(4096)]) {
      const { missing, damaged } = await survives(folder, 'table', records, async copy =>
        alter(await largest(copy, /\.ldb$/), 400_000, bytes),
      );
      assert.ok(missing > 0 && missing < 10, `${missing} are missing`);
      assert.ok(damaged > 0);
    }
    const cut = await survives(folder, 'table', records, async copy =>
      truncate(await largest(copy, /\.ldb$/), 400_000),
    );
    assert.ok(cut.missing > 0 && cut.damaged > 0);
  });

  it('survives a damaged table that has a single block', async () => {
    const copy = folder.file('one-block');
    {
      await using store = await open(copy);
      await store.put(keyOf(0), Buffer.from('old'));
    }
    // After reopening, the records of the log are in a table.
    await (await open(copy))[Symbol.asyncDispose]();
    await alter(await largest(copy, /\.ldb$/), 10, 'flip');
    await using store = await open(copy);
    assert.ok(store.status.damaged > 0);
    assert.equal((await contents(store)).size, 0);
    await store.put(keyOf(0), Buffer.from('new'));
  });

  it('keeps tables that a truncated MANIFEST does not name', async () => {
    const copy = folder.file('manifest');
    {
      // Without `minFree` LevelDB writes a table for each 256 KiB, so the MANIFEST gets an edit for each.
      const room = new DiskQuota(copy, { maxBytes: 2 ** 40, minFree: 0 }, systemClock);
      await using store = await LevelStore.open(copy, { sync: 'never', syncInterval: 1000, room, clock: systemClock });
      for (let n = 0; n < 100; n++) await store.put(keyOf(n), records.get(keyOf(n)) ?? Buffer.alloc(0));
      await until('a table', async () => (await readdir(copy)).some(name => name.endsWith('.ldb')));
    }
    await cutBy(await largest(copy, /^MANIFEST-/), 5);
    const before = (await readdir(copy)).filter(name => name.endsWith('.ldb'));
    await assert.rejects(
      open(copy),
      (error: unknown) => error instanceof StoreUnusable && /data repair/.test(error.message),
    );
    assert.deepEqual(
      (await readdir(copy)).filter(name => name.endsWith('.ldb')),
      before,
    );
    await repairStore(copy);
    await using store = await open(copy);
    assert.equal((await contents(store)).size, 100);
  });

  describe('with two logs, as after a crash while a full one becomes a table', () => {
    const older = '000003.log';
    before(async () => {
      // Two stores with the records of each in its log: LevelDB reads both in the order of their numbers.
      for (const [name, from] of [
        ['first', 0],
        ['second', COUNT / 2],
      ] as const) {
        const store = await open(folder.file(name));
        for (let n = from; n < from + COUNT / 2; n++)
          await store.put(keyOf(n), records.get(keyOf(n)) ?? Buffer.alloc(0));
        await cp(folder.file(name), folder.file(`${name}-log`), {
          recursive: true,
          filter: source => !source.endsWith('LOCK'),
        });
        await store[Symbol.asyncDispose]();
      }
      await cp(folder.file('first-log'), folder.file('two'), { recursive: true });
      await cp(await largest(folder.file('second-log'), /\.log$/), join(folder.file('two'), '000009.log'));
    });

    it('reports no damage if both are intact', async () => {
      const { missing, damaged } = await survives(folder, 'two', records, async () => {});
      assert.deepEqual({ missing, damaged }, { missing: 0, damaged: 0 });
    });

    for (const [what, damage] of [
      ['was cut', path => truncate(path, 300_010)],
      ['is empty', path => truncate(path, 0)],
      ['is not there', path => rm(path)],
      [
        'has a changed byte in its last block',
        async path => alter(path, (await readFile(path)).length - 9_000, 'flip'),
      ],
    ] as readonly (readonly [string, (path: string) => Promise<void>])[]) {
      it(`reports that the older ${what}`, async () => {
        const { missing, damaged } = await survives(folder, 'two', records, copy => damage(join(copy, older)));
        assert.ok(missing > 0, `${missing} are missing`);
        assert.ok(damaged > 0);
      });
    }
  });

  it('reports a changed byte in the last block of the log, without the number of the last write', async () => {
    for (const back of [20_000, 9_000, 100]) {
      const { missing, damaged } = await survives(folder, 'log', records, async copy => {
        await rm(join(copy, 'last-write'));
        const path = await largest(copy, /\.log$/);
        await alter(path, (await readFile(path)).length - back, 'flip');
      });
      assert.ok(missing > 0);
      assert.equal(damaged, 1, `${back} bytes before the end`);
    }
    const cut = await survives(folder, 'log', records, async copy => {
      await rm(join(copy, 'last-write'));
      await cutBy(await largest(copy, /\.log$/), 10);
    });
    assert.deepEqual([cut.missing, cut.damaged], [1, 1]);
    // A file system leaves zeros if it reserved space for a write that did not happen.
    const blank = await survives(folder, 'log', records, async copy => {
      await rm(join(copy, 'last-write'));
      await appendFile(await largest(copy, /\.log$/), Buffer.alloc(5_000));
    });
    assert.deepEqual([blank.missing, blank.damaged], [0, 0]);
  });

  it('stays writable after a damaged block that would fail every compaction', async () => {
    const copy = folder.file('compacted');
    await cp(folder.file('table'), copy, { recursive: true });
    await alter(await largest(copy, /\.ldb$/), 400_000, Buffer.alloc(4096));
    await using store = await open(copy);
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < COUNT; n++) await store.put(keyOf(n), randomBytes(4_000));
    }
    assert.equal((await contents(store)).size, COUNT);
    assert.equal(store.status.state, 'ok');
  });

  it('refuses a folder with tables but without CURRENT or MANIFEST, and changes nothing in it', async () => {
    for (const [what, damage] of [
      [/no file CURRENT/, (copy: string) => rm(join(copy, 'CURRENT'))],
      [/CURRENT names no MANIFEST/, (copy: string) => truncate(join(copy, 'CURRENT'), 0)],
      [/CURRENT names no MANIFEST/, (copy: string) => writeFile(join(copy, 'CURRENT'), '\0'.repeat(16))],
      [/no file MANIFEST-\d+/, async (copy: string) => rm(await largest(copy, /^MANIFEST/))],
      [/its files are damaged/, async (copy: string) => truncate(await largest(copy, /^MANIFEST/), 10)],
      [/its files are damaged/, async (copy: string) => rm(await largest(copy, /\.ldb$/))],
    ] as const) {
      const copy = folder.file('refused');
      await rm(copy, { recursive: true, force: true });
      await cp(folder.file('table'), copy, { recursive: true });
      await damage(copy);
      const tables = async () => (await readdir(copy)).filter(name => /\.ldb$/.test(name));
      const before = await tables();
      await assert.rejects(open(copy), (error: Error) => {
        assert.ok(error instanceof StoreUnusable, error.message);
        assert.match(error.message, what);
        assert.match(error.message, /wampway data repair/);
        return true;
      });
      assert.deepEqual(await tables(), before);
    }
  });

  it('refuses a format of a newer version', async () => {
    const copy = folder.file('newer');
    await using level = new ClassicLevel<string, Uint8Array>(copy, { valueEncoding: 'view' });
    const { seal } = await import('../../src/store/level/record-envelope.ts');
    await level.put('\0format', seal('\0format', Buffer.from('2')));
    await level.close();
    await assert.rejects(open(copy), /a newer version of wampway wrote it \(format 2; this one knows 1\)/);
    folder[Symbol.dispose]();
  });
});
